/// How the rings of a group of loops are made. All loops of a group follow the same plan, so they use one engine.
///
/// Locked memory is a limit of the user, not of the process, and what is left of it cannot be asked for. So a plan is
/// tried, and where it fails for lack of locked memory the next one asks for less:
///
///     standard size, fixed buffers ─▶ standard size ─▶ half of it ─▶ … ─▶ the smallest ─▶ epoll
///
/// Steps that cannot suffice, by what the failed attempt has shown, are left out.
package struct RingPlan: Equatable, Sendable {
    /// The engine, why it is used, and what it does without.
    package private(set) var choice: EngineChoice
    /// The size of each loop's ring.
    package private(set) var size: RingSize
    /// What each loop may use.
    package private(set) var features: RingFeatures
    /// The features that the caller permits; nil: all that the system has.
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

    /// The plan for the next attempt, after locked memory sufficed for fewer loops than wanted.
    ///
    /// - Parameters:
    ///   - made: loops that were made, and have ended.
    ///   - count: loops that are wanted.
    ///   - pinnedBytes: what those loops had registered as fixed buffers.
    /// - Returns: nil when there is none: `EDDY_ENGINE` names io_uring, and the smallest rings do not fit.
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
        // One more ring did not fit, so what may be locked lies between these two.
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

    /// Buffer rings of each loop: where the kernel does not fill chunks incrementally, a second one has large chunks.
    private var bufferRings: Int { features.incrementalBuffers ? 1 : 2 }
}
