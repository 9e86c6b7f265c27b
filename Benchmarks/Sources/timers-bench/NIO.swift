import NIOCore
import NIOPosix
import ThreadTime

/// SwiftNIO's `scheduleTask` on an event loop's own thread. Nothing is fired: that would take the minute. Cancelling a
/// task searches its heap linearly, so few are replaced if many are pending, and a million are left out: that did not
/// finish within minutes.
enum NIO {
    static func measure(_ plan: Plan) throws -> Costs {
        guard plan.deadlines.count < 1_000_000 else { return Costs(set: .nan, replace: .nan, fire: .nan) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let loop = group.next()
        return try loop.submit {
            var tasks: [Scheduled<Void>] = []
            tasks.reserveCapacity(plan.deadlines.count)
            let set = nanosecondsEach(plan.deadlines.count) {
                for deadline in plan.deadlines {
                    tasks.append(loop.assumeIsolated().scheduleTask(in: .nanoseconds(deadline)) {})
                }
            }
            tasks = plan.order.map { tasks[$0] }
            let replacements = plan.replacements.prefix(min(plan.replacements.count, 20_000_000 / plan.deadlines.count))
            let replace = nanosecondsEach(replacements.count) {
                var next = 0
                for deadline in replacements {
                    tasks[next].cancel()
                    tasks[next] = loop.assumeIsolated().scheduleTask(in: .nanoseconds(deadline)) {}
                    next += 1
                    if next == tasks.count { next = 0 }
                }
            }
            return Costs(set: set, replace: replace, fire: .nan)
        }.wait()
    }
}
