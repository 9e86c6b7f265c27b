internal import CLiburing
internal import Glibc

// The scheduler's accounting of a thread's time (proc(5), and Documentation/scheduler/sched-stats.rst):
//
//     wall clock   ├─────────────────────────────────────────────────┤
//     the thread   runs        waits for a processor    sleeps   runs
//                  processor   queue                    the rest  processor
//
// The wait for a processor is added to `queue` when it ends. A thread that is runnable and has not run since the last
// reading is waiting now.

/// The times of one thread, in nanoseconds since it started.
package struct SchedulerTimes: Equatable, Sendable {
    /// Time on a processor. While the thread runs, it lags by up to a scheduler tick.
    package var processor: UInt64
    /// Time that the thread was runnable and waited for a processor.
    package var queue: UInt64
    /// Whether the thread is running or waiting for a processor; otherwise it sleeps.
    package var isRunnable: Bool

    package init(processor: UInt64, queue: UInt64, isRunnable: Bool) {
        self.processor = processor
        self.queue = queue
        self.isRunnable = isRunnable
    }

    /// Reads the times of a thread of this process; nil if /proc does not provide them.
    package init?(ofThread thread: Int32) {
        guard let schedule = SmallFile.text(of: "/proc/self/task/\(thread)/schedstat"),
            let status = SmallFile.text(of: "/proc/self/task/\(thread)/stat")
        else { return nil }
        self.init(schedule: schedule, status: status)
    }

    /// Parses the texts of `schedstat` and `stat`.
    init?(schedule: String, status: String) {
        let times = schedule.split(whereSeparator: \.isWhitespace).map { UInt64($0) }
        // The name before the state is in parentheses and may contain any character.
        guard times.count == 3, let processor = times[0], let queue = times[1],
            let state = status.split(separator: ")").last?.first(where: { !$0.isWhitespace })
        else { return nil }
        self.init(processor: processor, queue: queue, isRunnable: state == "R")
    }

    /// The calling thread's ID, for `init(ofThread:)`.
    package static var currentThread: Int32 { gettid() }
}
