internal import EddySystem

/// The running timeouts, the next one to expire last.
///
/// A loop has its own timers and starts few of these, so a sorted array suffices: finding the next one takes constant
/// time, and inserting one moves only those that are due earlier.
struct TimeoutQueue {
    private struct Timeout {
        let deadline: Instant
        let operation: UInt32
    }

    private var timeouts: [Timeout] = []

    /// When the next timeout is due; nil if none is running.
    var nextDeadline: Instant? { timeouts.last?.deadline }

    mutating func insert(_ operation: UInt32, deadline: Instant) {
        let position = timeouts.lastIndex { $0.deadline > deadline }.map { $0 + 1 } ?? 0
        timeouts.insert(Timeout(deadline: deadline, operation: operation), at: position)
    }

    /// An operation whose deadline has passed.
    func firstDue(at now: Instant) -> UInt32? {
        guard let next = timeouts.last, next.deadline <= now else { return nil }
        return next.operation
    }

    mutating func remove(_ operation: UInt32) {
        if let position = timeouts.lastIndex(where: { $0.operation == operation }) { timeouts.remove(at: position) }
    }
}
