/// A list of time spans, ordered by their ends.
package struct SimulatedDelays {
    private var ends: [UInt64] = []
    /// The prefix sums of the spans: before each one, and of all.
    private var sums: [UInt64] = [0]

    init() {}

    mutating func add(_ nanoseconds: UInt64, until end: UInt64) {
        ends.append(end)
        sums.append(sums[sums.count - 1] + nanoseconds)
    }

    /// The nanoseconds of all spans after `time`.
    package func sum(after time: UInt64) -> UInt64 {
        var (low, high) = (0, ends.count)
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] > time { high = middle } else { low = middle + 1 }
        }
        guard low < ends.count else { return 0 }
        // The first of them may have begun before `time`.
        let first = sums[low + 1] - sums[low]
        return sums[sums.count - 1] - sums[low] - first + min(first, ends[low] - time)
    }
}
