// A binary heap: what is due first is at the top, and of what is due at the same time what was scheduled first, or,
// where the order is left to chance, whatever chance says: that things happen at the same time says nothing about their
// order, and nobody may rely on it.

/// What is going to happen in a simulation, in order.
struct SimulatedEvents {
    private struct Event {
        let time: UInt64
        /// Drawn, where the order is left to chance.
        let rank: UInt64
        let sequence: UInt64
        let action: () -> Void

        func precedes(_ other: Event) -> Bool {
            (time, rank, sequence) < (other.time, other.rank, other.sequence)
        }
    }

    private var heap: [Event] = []
    private var sequence: UInt64 = 0
    /// Draws the order of what is due at the same time; nil: as it was scheduled.
    var order: SeededGenerator?
    /// Events that have happened before one that was scheduled earlier for the same time.
    private(set) var overtakings = 0
    /// The latest of those that have happened at a time.
    private var last: (time: UInt64, sequence: UInt64) = (0, 0)

    /// When the next event is due.
    var nextTime: UInt64? { heap.first?.time }

    mutating func schedule(at time: UInt64, _ action: @escaping () -> Void) {
        sequence += 1
        heap.append(Event(time: time, rank: order?.next() ?? 0, sequence: sequence, action: action))
        var child = heap.count - 1
        while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out the next event if it is due.
    mutating func popDue(at now: UInt64) -> (() -> Void)? {
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

    /// Forgets everything, and what the events hold.
    mutating func removeAll() { heap.removeAll() }
}
