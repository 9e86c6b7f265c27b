internal import EddySystem

// A binary heap, ordered by time. Events with the same time are ordered by scheduling or, if the order is random, by a
// drawn rank: nothing guarantees the order of simultaneous events, so no code may rely on it.

/// The future events of a simulation, in order.
struct SimulatedEvents {
    private struct Event {
        let time: Instant
        /// Drawn if the order is random, otherwise 0.
        let rank: UInt64
        let sequence: UInt64
        let action: () -> Void

        func precedes(_ other: Event) -> Bool {
            (time, rank, sequence) < (other.time, other.rank, other.sequence)
        }
    }

    private var heap: [Event] = []
    private var sequence: UInt64 = 0
    /// Draws the order of simultaneous events; nil keeps the order of scheduling.
    var order: SeededGenerator?
    /// The number of events that ran before one that was scheduled earlier for the same time.
    private(set) var overtakings = 0
    /// The time of the last event, and the highest sequence number that ran at that time.
    private var last: (time: Instant, sequence: UInt64) = (.distantPast, 0)

    /// When the next event is due.
    var nextTime: Instant? { heap.first?.time }

    mutating func schedule(at time: Instant, _ action: @escaping () -> Void) {
        sequence += 1
        heap.append(Event(time: time, rank: order?.next() ?? 0, sequence: sequence, action: action))
        var child = heap.count - 1
        while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Removes and returns the next event if it is due.
    mutating func popDue(at now: Instant) -> (() -> Void)? {
        guard let first = heap.first, first.time <= now, let bottom = heap.popLast() else { return nil }
        note(first)
        guard !heap.isEmpty else { return first.action }
        heap[0] = bottom
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].precedes(heap[least])
            {
                least = child
            }
            guard least != parent else { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return first.action
    }

    private mutating func note(_ event: Event) {
        if event.time == last.time, event.sequence < last.sequence { overtakings += 1 }
        last = (event.time, event.time == last.time ? max(event.sequence, last.sequence) : event.sequence)
    }

    /// Removes all events and releases what they retain.
    mutating func removeAll() { heap.removeAll() }
}
