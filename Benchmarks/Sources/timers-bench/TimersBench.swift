/// Measures what a timer costs: Eddy's, and SwiftNIO's on its event loop.
///
/// With so many timers pending as the row says, a random one is cancelled and a new one set in its place, over and
/// over: what servers do that move the timeouts of their connections. A server has the timer's handle in the connection
/// that it works on, so handles are kept in the order of their use: what is fetched from all over memory is the timers.
/// Deadlines are spread over a minute. Each figure is the median of several rounds of one kind in turn with the other,
/// in nanoseconds of processor time. Nothing is asserted: the machine decides.
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
    /// Setting the first ones.
    var set: Double
    /// Cancelling one and setting another.
    var replace: Double
    /// Firing one of those that are left.
    var fire: Double
}
