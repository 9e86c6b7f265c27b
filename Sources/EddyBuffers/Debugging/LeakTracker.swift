// A tracked buffer gets memory of its own, so its drop takes the slow path, which notifies the tracker. The fast paths
// of allocating and dropping never check for a tracker.

/// The tracked buffers of a pool. Owner thread only (after closing: under the pool's lock).
@safe
final class LeakTracker {
    private struct Record {
        var time: ContinuousClock.Instant
        /// Nil for a chunk that the kernel filled.
        var stack: CallStack?
    }

    private let level: LeakDetection
    private var allocations = 0
    private var records: [UInt: Record] = [:]

    init?(_ level: LeakDetection) {
        guard level != .off else { return nil }
        self.level = level
    }

    static let samplingInterval = 128

    func samplesNextAllocation() -> Bool {
        guard level == .sampled else { return true }
        allocations += 1
        return allocations % Self.samplingInterval == 1
    }

    /// Records the caller of the pool, or all callers.
    func note(_ chunk: Chunk) {
        records[key(chunk)] = Record(time: .now, stack: CallStack())
    }

    /// Records when the kernel got the chunk.
    func noteFilling(_ chunk: Chunk) {
        records[key(chunk)] = Record(time: .now, stack: nil)
    }

    /// The chunk is free, and its memory may be reused.
    func forget(_ chunk: Chunk) {
        records[key(chunk)] = nil
    }

    func leak(of chunk: Chunk, olderThan age: Duration) -> Leak? {
        let slices = unsafe chunk.state.pointee.slices
        guard slices.count > 0, let record = records[key(chunk)] else { return nil }
        let ownAge = ContinuousClock.now - record.time
        guard ownAge >= age else { return nil }
        var places = record.stack?.callers ?? ["\(slices.count) slices that were received"]
        if level != .stacks { places = Array(places.prefix(1)) }
        return Leak(byteCount: slices.byteCount, age: ownAge, places: places)
    }

    private func key(_ chunk: Chunk) -> UInt { unsafe UInt(bitPattern: chunk.state) }
}

extension BufferPool {
    /// Tracked buffers that have been held for `age` or longer, oldest first.
    ///
    /// Empty while ``Configuration/leakDetection`` is off.
    ///
    /// - Precondition: on the thread that owns the pool.
    public func leaks(olderThan age: Duration = .zero) -> [Leak] {
        requireOwner()
        guard let leakTracker else { return [] }
        var leaks: [Leak] = []
        forEachChunk { chunk in
            if let leak = leakTracker.leak(of: chunk, olderThan: age) { leaks.append(leak) }
        }
        return leaks.sorted { $0.age > $1.age }
    }

    func reportLeaks() {
        for leak in leaks() { configuration.leakHandler(leak) }
    }
}
