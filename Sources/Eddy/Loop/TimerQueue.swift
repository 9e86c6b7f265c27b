internal import EddyRing

// A binary heap, earliest deadline at the top:
//
//               0
//            ┌──┴──┐          the children of i are 2i + 1 and 2i + 2;
//            1     2          no child is due before its parent
//          ┌─┴─┐ ┌─┴─┐
//          3   4 5   6
//
// A timer is not searched for to be cancelled: what it names has a generation, and a timer whose generation is over
// does nothing when it is due.

/// The loop's deadlines. Loop thread only.
struct TimerQueue: ~Copyable {
    /// What is due.
    enum Event {
        /// A task that sleeps; the number is its sleep's.
        case sleep(UInt64)
        /// A listener that ran out of descriptors tries again.
        case resumeAccepting(listener: UInt32)
        /// The grace of a listener that was shut down is over.
        case graceEnded(listener: UInt32)
        /// A connection that is being closed has had its time, unless the peer has acknowledged more bytes since.
        case closeTimedOut(OperationToken, acknowledged: UInt64)
        /// A connection that is to be reset looks whether its peer has received everything.
        case checkDelivery(OperationToken, attempt: UInt32)
        /// A connection that is being made has had its time, or tries its next address.
        case connectDue(number: UInt32)
        /// Receives may have waited for memory for too long.
        case starvationTimedOut(since: UInt64)
    }

    private struct Timer {
        var deadline: UInt64
        var event: Event
    }

    private var heap: [Timer] = []

    /// The earliest deadline, in nanoseconds of CLOCK_MONOTONIC.
    var nextDeadline: UInt64? { heap.first?.deadline }

    mutating func schedule(_ event: Event, at deadline: UInt64) {
        heap.append(Timer(deadline: deadline, event: event))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].deadline < heap[parent].deadline else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the earliest timer if it is due.
    mutating func popDue(at now: UInt64) -> Event? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var earliest = parent
            for child in (2 * parent + 1)...(2 * parent + 2)
            where child < heap.count && heap[child].deadline < heap[earliest].deadline {
                earliest = child
            }
            guard earliest != parent else { return first.event }
            heap.swapAt(parent, earliest)
            parent = earliest
        }
    }
}
