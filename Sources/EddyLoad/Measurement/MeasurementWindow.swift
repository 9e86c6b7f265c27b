internal import Synchronization

/// From when until when requests are counted, in nanoseconds of CLOCK_MONOTONIC. Any thread.
final class MeasurementWindow: Sendable {
    private let start = Atomic<UInt64>(.max)
    private let end = Atomic<UInt64>(.max)

    /// Whether replies that were under way at the end have been waited for long enough.
    private let drained = Atomic<Bool>(false)

    /// Says that replies that have not come by now are not waited for any more.
    func endDrain() { drained.store(true, ordering: .relaxed) }
    var isDrained: Bool { drained.load(ordering: .relaxed) }

    /// Opens the window in advance. Until then nothing is counted.
    func open(from start: UInt64, until end: UInt64) {
        self.start.store(start, ordering: .relaxed)
        self.end.store(end, ordering: .relaxed)
    }

    /// Ends the window now if it would end later.
    func close(at now: UInt64) {
        if now < end.load(ordering: .relaxed) { end.store(now, ordering: .relaxed) }
    }

    func isOver(at now: UInt64) -> Bool { now >= end.load(ordering: .relaxed) }

    func contains(_ moment: UInt64) -> Bool {
        moment >= start.load(ordering: .relaxed) && moment < end.load(ordering: .relaxed)
    }

    /// The length so far, in seconds.
    func seconds(at now: UInt64) -> Double {
        let start = start.load(ordering: .relaxed)
        let end = min(now, end.load(ordering: .relaxed))
        return end > start ? Double(end - start) / 1e9 : 0
    }
}
