@_spi(Benchmarks) import Eddy
import ThreadTime

/// Eddy's timing wheel.
enum Eddy {
    static func measure(_ plan: Plan) -> Costs {
        let timers = BenchmarkedTimers()
        let start = UInt64(1) << 50
        _ = timers.fire(at: start)
        var handles: [BenchmarkedTimers.Handle] = []
        handles.reserveCapacity(plan.deadlines.count)
        let set = nanosecondsEach(plan.deadlines.count) {
            for deadline in plan.deadlines { handles.append(timers.schedule(at: start + UInt64(deadline))) }
        }
        handles = plan.order.map { handles[$0] }
        let replace = nanosecondsEach(plan.replacements.count) {
            var next = 0
            for deadline in plan.replacements {
                timers.cancel(handles[next])
                handles[next] = timers.schedule(at: start + UInt64(deadline))
                next += 1
                if next == handles.count { next = 0 }
            }
        }
        precondition(timers.count == plan.deadlines.count)
        // Like a loop, which checks every millisecond.
        let fire = nanosecondsEach(plan.deadlines.count) {
            var (now, left) = (start, plan.deadlines.count)
            while left > 0 {
                now += 1_000_000
                left -= timers.fire(at: now)
            }
        }
        return Costs(set: set, replace: replace, fire: fire)
    }
}
