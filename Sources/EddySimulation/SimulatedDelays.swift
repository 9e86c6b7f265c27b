package import EddySystem

/// A list of time spans, ordered by their ends.
package struct SimulatedDelays {
    private var ends: [Instant] = []
    /// The prefix sums of the spans: before each one, and of all.
    private var sums: [UInt64] = [0]

    init() {}

    mutating func add(_ nanoseconds: UInt64, until end: Instant) {
        ends.append(end)
        sums.append(sums[sums.count - 1] + nanoseconds)
    }

    /// The nanoseconds of all spans after `time`.
    package func sum(after time: Instant) -> UInt64 {
        var (low, high) = (0, ends.count)
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] > time { high = middle } else { low = middle + 1 }
        }
        guard low < ends.count else { return 0 }
        // The first of them may have begun before `time`.
        let first = sums[low + 1] - sums[low]
        return sums[sums.count - 1] - sums[low] - first + min(first, time.nanoseconds(to: ends[low]))
    }
}
