/// Measures the cost of a timer: Eddy's, and SwiftNIO's on its event loop.
///
/// With the number of pending timers in the row, a random one is cancelled and a new one set in its place, repeatedly:
/// as in servers that move the timeouts of their connections. A server has the timer's handle in the connection that it
/// works on, so handles are kept in the order of their use, and only the timers themselves are scattered in memory.
/// Deadlines are spread over a minute. Each figure is the median of several rounds, in which both kinds alternate, in
/// nanoseconds of processor time. Nothing is asserted: the results depend on the machine.
@main
struct TimersBench {
    static func main() throws {
        let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 5
        print("| ns | pending | eddy | NIO |\n| --- | ---: | ---: | ---: |")
        for pending in [1_000, 100_000, 1_000_000] {
            var (eddy, nio) = ([Costs](), [Costs]())
            for round in 0..<rounds {
                let plan = Plan(pending: pending, seed: UInt64(round))
                eddy.append(Eddy.measure(plan))
                nio.append(try NIO.measure(plan))
            }
            for (name, cost) in [("set", \Costs.set), ("cancel + set", \.replace), ("fire", \.fire)] {
                print("| \(name) | \(pending) | \(median(eddy, cost)) | \(median(nio, cost)) |")
            }
        }
    }

    private static func median(_ costs: [Costs], _ cost: KeyPath<Costs, Double>) -> String {
        let middle = costs.map { $0[keyPath: cost] }.sorted()[costs.count / 2]
        return middle.isNaN ? "" : String(Int(middle.rounded()))
    }
}

/// Nanoseconds of processor time for each timer.
struct Costs {
    /// Setting the first timers.
    var set: Double
    /// Cancelling a timer and setting another.
    var replace: Double
    /// Firing one of the remaining timers.
    var fire: Double
}
