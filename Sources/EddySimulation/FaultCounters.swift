/// Counts the occurrences of each fault, and other events.
package struct FaultCounters: Sendable {
    private var faults = [Int](repeating: 0, count: SimulatedFault.allCases.count)
    /// The number of operations submitted and of completions posted.
    package var submissions = 0
    package var completions = 0
    /// The number of bytes that have reached a socket.
    package var bytes = 0
    /// The number of connections established.
    package var connections = 0

    package init() {}

    package subscript(fault: SimulatedFault) -> Int {
        get { faults[fault.rawValue] }
        set { faults[fault.rawValue] = newValue }
    }

    package static func += (sum: inout FaultCounters, other: FaultCounters) {
        for fault in SimulatedFault.allCases { sum[fault] += other[fault] }
        sum.submissions += other.submissions
        sum.completions += other.completions
        sum.bytes += other.bytes
        sum.connections += other.connections
    }
}
