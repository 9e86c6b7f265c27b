internal import Eddy

/// The outstanding requests of one connection, oldest first: when each was sent.
struct RequestPipeline {
    private let messageSize: Int
    /// A ring buffer: `count` times from `oldest` on.
    private var sentAt: [Instant]
    private var oldest = 0
    private(set) var count = 0
    /// Bytes received of the oldest request's reply.
    private var received = 0

    init(depth: Int, messageSize: Int) {
        self.messageSize = messageSize
        sentAt = Array(repeating: .distantPast, count: depth)
    }

    var bytesExpected: Int { count * messageSize - received }

    /// Records a request that was sent. Fewer than `depth` may be outstanding.
    mutating func send(at moment: Instant) {
        sentAt[(oldest + count) % sentAt.count] = moment
        count += 1
    }

    /// Records received bytes, no more than are expected.
    ///
    /// - Returns: the number of replies that they complete; take each with ``takeOldest()``.
    mutating func receive(_ byteCount: Int) -> Int {
        let (completed, rest) = (received + byteCount).quotientAndRemainder(dividingBy: messageSize)
        received = rest
        return completed
    }

    /// Removes the oldest request, whose reply is complete, and returns when it was sent.
    mutating func takeOldest() -> Instant {
        let moment = sentAt[oldest]
        oldest = (oldest + 1) % sentAt.count
        count -= 1
        return moment
    }
}
