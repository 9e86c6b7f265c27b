import Glibc
import Testing

@testable import EddySystem

/// The scheduler's figures of a thread.
@Suite("system: scheduler times")
struct SchedulerTimesTests {
    @Test("Both files are parsed, regardless of the thread's name", arguments: ["name", "a) S (b", "R"])
    func parses(name: String) {
        let times = SchedulerTimes(schedule: "12345 678 9\n", status: "42 (\(name)) R 1 42 42 0 -1")
        #expect(times == SchedulerTimes(processor: 12345, queue: 678, isRunnable: true))
        let asleep = SchedulerTimes(schedule: "1 2 3", status: "42 (\(name)) S 1 42")
        #expect(asleep == SchedulerTimes(processor: 1, queue: 2, isRunnable: false))
    }

    @Test(
        "Malformed files give no result",
        arguments: [("", "1 (a) R"), ("1 2", "1 (a) R"), ("a b c", "1 (a) R"), ("1 2 3", "")]
    )
    func malformed(schedule: String, status: String) {
        #expect(SchedulerTimes(schedule: schedule, status: status) == nil)
    }

    @Test("The calling thread runs, and its processor time grows")
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
