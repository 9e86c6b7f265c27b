internal import Eddy
internal import Synchronization

/// The period in which requests are counted. Any thread.
final class MeasurementWindow: Sendable {
    /// When the window starts and ends (nanoseconds of CLOCK_MONOTONIC); `UInt64.max` until it is opened or closed.
    private let start = Atomic<UInt64>(.max)
    private let end = Atomic<UInt64>(.max)

    /// Whether the wait for replies that were outstanding at the end is over.
    private let drained = Atomic<Bool>(false)
    private let cutShort = Atomic<Bool>(false)

    /// The position of a time relative to the window.
    enum Phase {
        /// Before the start, or there was no window at all.
        case before
        case within
        case after
    }

    /// Ends the wait for replies that were outstanding at the end.
    func endDrain() { drained.store(true, ordering: .relaxed) }
    var isDrained: Bool { drained.load(ordering: .relaxed) }

    /// Opens the window in advance, unless it was closed. Nothing is counted before its start.
    func open(from start: Instant, until end: Instant) {
        guard !isCutShort else { return }
        self.start.store(start.nanoseconds, ordering: .relaxed)
        self.end.store(end.nanoseconds, ordering: .relaxed)
    }

    /// Ends the window now unless it has ended already.
    func close(at now: Instant) {
        guard !isOver(at: now) else { return }
        end.store(now.nanoseconds, ordering: .relaxed)
        cutShort.store(true, ordering: .relaxed)
    }

    /// Whether the window was closed early.
    var isCutShort: Bool { cutShort.load(ordering: .relaxed) }

    func isOver(at now: Instant) -> Bool { now.nanoseconds >= end.load(ordering: .relaxed) }

    func phase(at moment: Instant) -> Phase {
        let (start, end) = (start.load(ordering: .relaxed), end.load(ordering: .relaxed))
        guard start < end, moment.nanoseconds >= start else { return .before }
        return moment.nanoseconds < end ? .within : .after
    }

    func contains(_ moment: Instant) -> Bool { phase(at: moment) == .within }

    /// The age at the end of the window of a request that was sent at `moment`; nil if it was sent later.
    func ageAtEnd(ofRequestSentAt moment: Instant) -> UInt64? {
        let end = end.load(ordering: .relaxed)
        return moment.nanoseconds < end ? end - moment.nanoseconds : nil
    }

    /// The length so far, in seconds.
    func seconds(at now: Instant) -> Double {
        let start = start.load(ordering: .relaxed)
        let end = min(now.nanoseconds, end.load(ordering: .relaxed))
        return end > start ? Double(end - start) / 1e9 : 0
    }
}
