/// How the rings of a group of loops are created. All loops of a group follow the same plan, so they use the same
/// engine.
///
/// The limit of locked memory applies to the user, not to the process, and the kernel does not report how much of it is
/// left. So a plan is tried, and if it fails for lack of locked memory the next plan requires less:
///
///     standard size, fixed buffers ─▶ standard size ─▶ half of it ─▶ … ─▶ the smallest ─▶ epoll
///
/// Steps that cannot succeed, given the failed attempt, are skipped.
package struct RingPlan: Equatable, Sendable {
    /// The engine, the reason for its choice, and what the rings lack.
    package private(set) var choice: EngineChoice
    /// The size of each loop's ring.
    package private(set) var size: RingSize
    /// The features that each loop may use.
    package private(set) var features: RingFeatures
    /// The features that the caller permits; nil permits all that the system has.
    private let permitted: RingFeatures?

    /// The best plan that this process and system allow.
    ///
    /// - Parameter permitted: the features that the loops may use; all that the system has by default.
    /// - Throws: ``RingError`` as ``EngineChoice/current()`` does.
    package static func preferred(permitted: RingFeatures? = nil) throws(RingError) -> RingPlan {
        let choice = try EngineChoice.current()
        let features = if let permitted { permitted } else { try RingFeatures.probed() }
        return RingPlan(choice: choice, size: .standard, features: features, permitted: permitted)
    }

    init(choice: EngineChoice, size: RingSize, features: RingFeatures, permitted: RingFeatures?) {
        (self.choice, self.size, self.features, self.permitted) = (choice, size, features, permitted)
    }

    /// Makes a ring for the calling thread.
    package func makeRing() throws(RingError) -> Ring {
        try Ring(
            engine: choice.kind,
            features: features,
            submissionEntries: size.submissionEntries,
            completionEntries: size.completionEntries
        )
    }

    /// The plan for the next attempt, after locked memory sufficed for only some of the loops.
    ///
    /// - Parameters:
    ///   - made: the number of loops that were created and have ended.
    ///   - count: the number of loops to create.
    ///   - pinnedBytes: the bytes that those loops had registered as fixed buffers.
    /// - Returns: nil if no further plan exists: `EDDY_ENGINE` selects io_uring, and the smallest rings do not fit.
    /// - Throws: ``RingError`` when epoll cannot be tried.
    package func reduced(after made: Int, of count: Int, pinnedBytes: Int) throws(RingError) -> RingPlan? {
        guard choice.kind == .uring else { return nil }
        if let size = smallerSize(after: made, of: count, pinnedBytes: pinnedBytes) {
            var plan = self
            plan.size = size
            plan.features.fixedBuffers = false
            plan.choice = choice.reduced(to: size)
            return plan
        }
        guard choice.reason != .environment else { return nil }
        let features = try RingFeatures.probed(on: .epoll)
        return RingPlan(
            choice: EngineChoice(kind: .epoll, reason: .fallback(.lockedMemoryLimit(bytes: LockedMemory.limit))),
            size: .standard,
            features: permitted.map { features.intersection($0) } ?? features,
            permitted: permitted
        )
    }

    private func smallerSize(after made: Int, of count: Int, pinnedBytes: Int) -> RingSize? {
        // One more ring did not fit, so the available locked memory lies between these two values.
        let cost = size.lockedBytes(bufferRings: bufferRings)
        let atLeast = UInt64(made) * cost + UInt64(pinnedBytes)
        let below = atLeast + cost
        var candidate = pinnedBytes > 0 ? size : size.halved
        var candidates: [RingSize] = []
        while let size = candidate {
            candidates.append(size)
            candidate = size.halved
        }
        let fits = { (size: RingSize, bytes: UInt64) in
            UInt64(count) * size.lockedBytes(bufferRings: bufferRings) <= bytes
        }
        return candidates.first { fits($0, atLeast) } ?? candidates.first { fits($0, below - 1) }
    }

    /// The number of buffer rings of each loop. Without incremental consumption a second ring holds large chunks.
    private var bufferRings: Int { features.incrementalBuffers ? 1 : 2 }
}
