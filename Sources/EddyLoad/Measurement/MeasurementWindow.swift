internal import Synchronization

/// The period in which requests are counted, in nanoseconds of CLOCK_MONOTONIC. Any thread.
final class MeasurementWindow: Sendable {
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
    func open(from start: UInt64, until end: UInt64) {
        guard !isCutShort else { return }
        self.start.store(start, ordering: .relaxed)
        self.end.store(end, ordering: .relaxed)
    }

    /// Ends the window now unless it has ended already.
    func close(at now: UInt64) {
        guard now < end.load(ordering: .relaxed) else { return }
        end.store(now, ordering: .relaxed)
        cutShort.store(true, ordering: .relaxed)
    }

    /// Whether the window was closed early.
    var isCutShort: Bool { cutShort.load(ordering: .relaxed) }

    func isOver(at now: UInt64) -> Bool { now >= end.load(ordering: .relaxed) }

    func phase(at moment: UInt64) -> Phase {
        let (start, end) = (start.load(ordering: .relaxed), end.load(ordering: .relaxed))
        guard start < end, moment >= start else { return .before }
        return moment < end ? .within : .after
    }

    func contains(_ moment: UInt64) -> Bool { phase(at: moment) == .within }

    /// The age at the end of the window of a request that was sent at `moment`; nil if it was sent later.
    func ageAtEnd(ofRequestSentAt moment: UInt64) -> UInt64? {
        let end = end.load(ordering: .relaxed)
        return moment < end ? end - moment : nil
    }

    /// The length so far, in seconds.
    func seconds(at now: UInt64) -> Double {
        let start = start.load(ordering: .relaxed)
        let end = min(now, end.load(ordering: .relaxed))
        return end > start ? Double(end - start) / 1e9 : 0
    }
}
