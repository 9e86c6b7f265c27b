// The connections of a loop share its memory as the ports of a switch share one: each may hold a part of what is still
// free (dynamic thresholds: Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998).
//
//     threshold = (budget - queued) / 8
//
//     queued by all    0 ───────────────────────────────────────────────── budget ── 1.5 × budget
//     threshold        budget / 8 ─────────────▶ falls ────────────────▶ floor       floor
//
// One connection alone comes to an eighth of the budget, or to its receive window and high watermark, which are less by
// default. A hundred slow ones share most of the budget and leave a rest; the more there are, the less each gets. So
// memory is never used up by those that came first, and no list of them is kept. Below the floor a connection may
// always receive and queue; the floor falls with the number of connections, so that the floors of all of them take half
// of the budget at most, down to 128 bytes.
//
// A receive that is in flight was given its room when there was more memory. As long as memory is ample that does no
// harm. From the moment at which it is tight, no receive asks for more than its share of a quarter of the budget, and
// what receives in flight were promised counts as queued.
//
//     queued by all    0 ───────────────── 1/2 ─────────────── 7/8 ──────▶ budget
//     tight                  ◀── no more                       from here

/// How many bytes one connection may hold, in queues, of what all connections share.
struct MemoryBudget: Equatable {
    /// Bytes that the queues of all connections share before each has its floor alone.
    let byteCount: Int
    /// Bytes that a connection may hold however much others hold.
    private(set) var floor: Int
    /// Bytes that one receive asks for at most while memory is tight.
    private(set) var share: Int
    /// Whether connections may hold less than they could for long.
    private(set) var isTight = false

    static let largestFloor = 4096
    private static let smallestFloor = 128
    private static let ample = 8 << 20

    /// The budget of a loop whose pool has `maximumBytes`: three sixteenths, but of a large pool 8 MiB or a sixteenth. More
    /// serves no peer better, and costs what 2,000 peers that do not read may hold. The rest is for what queues pin beyond their
    /// bytes, for what handlers hold, and for the kernel.
    init(maximumBytes: Int) {
        byteCount = max(maximumBytes / 16, min(maximumBytes / 16 * 3, Self.ample))
        floor = Self.largestFloor
        share = byteCount / 4
    }

    /// The number of connections has changed.
    mutating func connectionsChanged(to count: Int) {
        floor = min(Self.largestFloor, max(Self.smallestFloor, byteCount / (2 * max(1, count))))
        share = max(floor, byteCount / (4 * max(1, count)))
    }

    /// Looks at what the queues of all connections hold.
    ///
    /// - Returns: whether memory has become tight.
    mutating func update(queuedBytes: Int) -> Bool {
        let wasTight = isTight
        isTight = queuedBytes > (isTight ? byteCount / 2 : byteCount / 8 * 7)
        return isTight && !wasTight
    }

    /// The most bytes that a connection may hold while the queues of all hold, or are to receive, `queuedBytes`; never less
    /// than the floor.
    @inline(__always)
    func threshold(queuedBytes: Int) -> Int {
        max(floor, (byteCount &- queuedBytes) >> 3)
    }
}
