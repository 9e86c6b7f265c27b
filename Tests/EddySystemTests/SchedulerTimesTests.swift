import Glibc
import Testing

@testable import EddySystem

/// What the scheduler tells about a thread.
@Suite("system: scheduler times")
struct SchedulerTimesTests {
    @Test("Both files are read, whatever the thread's name is", arguments: ["name", "a) S (b", "R"])
    func parses(name: String) {
        let times = SchedulerTimes(schedule: "12345 678 9\n", status: "42 (\(name)) R 1 42 42 0 -1")
        #expect(times == SchedulerTimes(processor: 12345, queue: 678, isRunnable: true))
        let asleep = SchedulerTimes(schedule: "1 2 3", status: "42 (\(name)) S 1 42")
        #expect(asleep == SchedulerTimes(processor: 1, queue: 2, isRunnable: false))
    }

    @Test(
        "What is not in their form is no answer",
        arguments: [("", "1 (a) R"), ("1 2", "1 (a) R"), ("a b c", "1 (a) R"), ("1 2 3", "")]
    )
    func malformed(schedule: String, status: String) {
        #expect(SchedulerTimes(schedule: schedule, status: status) == nil)
    }

    @Test("The calling thread runs, and its time on a processor grows")
    func callingThread() throws {
        let thread = SchedulerTimes.currentThread
        let before = try #require(SchedulerTimes(ofThread: thread))
        #expect(before.isRunnable)
        while try #require(SchedulerTimes(ofThread: thread)).processor == before.processor {}
    }

    @Test("A thread that does not exist has no times")
    func noThread() {
        #expect(SchedulerTimes(ofThread: -1) == nil)
    }
}
