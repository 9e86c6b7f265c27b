// The connections of a loop share its memory as the ports of a switch share one: each may hold a fraction of the free
// memory (dynamic thresholds: Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998).
//
//     threshold = (budget - queued) / 8
//
//     queued by all    0 ───────────────────────────────────────────────── budget ── 1.5 × budget
//     threshold        budget / 8 ─────────────▶ falls ────────────────▶ floor       floor
//
// A single connection can reach an eighth of the budget, or its receive window and high watermark, which are less by
// default. A hundred slow ones share most of the budget and leave some free; the more there are, the less each gets. So
// the earliest connections never use up the memory, and no list of them is needed. Below the floor a connection may
// always receive and queue. The floor falls with the number of connections, down to 128 bytes, so that the floors of
// all of them take at most half of the budget.
//
// A receive in flight was granted its room when there was more memory. As long as memory is ample, that does no harm.
// As soon as memory is tight, no receive asks for more than its share of a quarter of the budget, and bytes promised to
// receives in flight count as queued.
//
//     queued by all    0 ───────────────── 1/2 ─────────────── 7/8 ──────▶ budget
//     tight                  ◀── no more                       from here

/// The bytes that one connection may hold in queues, out of the memory that all connections share.
struct MemoryBudget: Equatable {
    /// Bytes that the queues of all connections share before each has only its floor.
    let byteCount: Int
    /// Bytes that a connection may hold regardless of how much others hold.
    private(set) var floor: Int
    /// The most bytes that one receive asks for while memory is tight.
    private(set) var share: Int
    /// Whether memory is tight: the queues hold so much that receives are limited.
    private(set) var isTight = false

    static let largestFloor = 4096
    private static let smallestFloor = 128
    private static let ample = 8 << 20

    /// The budget of a loop whose pool has `maximumBytes`: three sixteenths of it, but of a large pool only 8 MiB or a
    /// sixteenth. A larger budget serves no peer better, and raises the memory that 2,000 peers that do not read may
    /// hold. The rest is for memory that queues pin beyond their bytes, for memory that handlers hold, and for the
    /// kernel.
    init(maximumBytes: Int) {
        byteCount = max(maximumBytes / 16, min(maximumBytes / 16 * 3, Self.ample))
        floor = Self.largestFloor
        share = byteCount / 4
    }

    /// Adjusts the floor to a new number of connections.
    mutating func connectionsChanged(to count: Int) {
        floor = min(Self.largestFloor, max(Self.smallestFloor, byteCount / (2 * max(1, count))))
        share = max(floor, byteCount / (4 * max(1, count)))
    }

    /// Updates the state with the bytes that the queues of all connections hold.
    ///
    /// - Returns: whether memory has become tight.
    mutating func update(queuedBytes: Int) -> Bool {
        let wasTight = isTight
        isTight = queuedBytes > (isTight ? byteCount / 2 : byteCount / 8 * 7)
        return isTight && !wasTight
    }

    /// The most bytes that a connection may hold while the queues of all connections hold, or are about to receive,
    /// `queuedBytes`; never less than the floor.
    @inline(__always)
    func threshold(queuedBytes: Int) -> Int {
        max(floor, (byteCount &- queuedBytes) >> 3)
    }
}
