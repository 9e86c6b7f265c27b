internal import Synchronization

/// Which engine is used, why, and what it does without.
public struct EngineChoice: Sendable, Equatable {
    /// The engine.
    public let kind: EngineKind
    /// Why it is this one.
    public let reason: Reason
    /// What the rings do without for lack of locked memory; nil when that suffices.
    public private(set) var reduction: Reduction?

    /// Why an engine was chosen.
    public enum Reason: Sendable, Equatable {
        /// Preferred engine, available.
        case available
        /// `EDDY_ENGINE` names it.
        case environment
        /// The system provides no io_uring, for this reason.
        case fallback(RingError)
    }

    /// What the rings of a group of loops do without for lack of locked memory. None has fixed buffers.
    public struct Reduction: Sendable, Equatable {
        /// Entries of each loop's submission queue; 512 when only the fixed buffers had to go.
        public let submissionEntries: UInt32
        /// The limit of locked memory (RLIMIT_MEMLOCK), in bytes.
        public let lockedMemoryLimit: UInt64
    }

    init(kind: EngineKind, reason: Reason) {
        self.kind = kind
        self.reason = reason
    }

    /// The engine of loops that run in a simulated network.
    package static let simulated = EngineChoice(kind: .simulated, reason: .available)

    /// The same engine with rings of that size and without fixed buffers.
    func reduced(to size: RingSize) -> EngineChoice {
        var choice = self
        choice.reduction = Reduction(
            submissionEntries: size.submissionEntries,
            lockedMemoryLimit: LockedMemory.limit
        )
        return choice
    }

    /// The choice for one loop, which is made on first use and then kept. A group of loops may have to use less
    /// (`EventLoopGroup.engine`), since all of them need locked memory.
    ///
    /// - Throws: ``RingError`` when the environment is invalid, or when no descriptor or no address space is left. The
    ///   next call tries again then. It also does where too little memory may be locked for the smallest ring, which is
    ///   epoll's turn: other processes of the user may return theirs.
    public static func current() throws(RingError) -> EngineChoice {
        if let choice = made.withLock({ $0 }) { return choice }
        let choice = try choose(RingEnvironment.current.get().engine)
        if case .fallback(.lockedMemoryLimit) = choice.reason { return choice }
        made.withLock { $0 = choice }
        return choice
    }

    private static let made = Mutex<EngineChoice?>(nil)

    private static func choose(_ wanted: EngineKind?) throws(RingError) -> EngineChoice {
        if let wanted { return EngineChoice(kind: wanted, reason: .environment) }
        do {
            // The smallest ring that a loop uses, so that the answer holds for a loop.
            _ = try RingEngine(
                .uring,
                features: .permitted,
                submissionEntries: RingSize.minimum.submissionEntries,
                completionEntries: RingSize.minimum.completionEntries
            )
            return EngineChoice(kind: .uring, reason: .available)
        } catch {
            switch error {
            case .unsupported, .forbidden, .missingFeature, .lockedMemoryLimit:
                return EngineChoice(kind: .epoll, reason: .fallback(error))
            case .tooManyOpenFiles, .addressSpaceLimit, .threadLimit, .environment, .system:
                throw error
            }
        }
    }

    /// What an operator should know: that io_uring is not used, or with less than it could have, why, and what to do.
    /// Nil when there is nothing to say.
    public var notice: String? {
        if case .fallback(let error) = reason {
            return "using \(kind), which takes more processor time, because \(error)"
        }
        return reduction.map { "using io_uring \($0)" }
    }
}

extension EngineChoice.Reduction: CustomStringConvertible {
    /// Such as `with queues of 128 entries instead of 512 and without fixed buffers, because …; raise it with …`.
    public var description: String {
        let standard = RingSize.standard.submissionEntries
        let queues =
            submissionEntries < standard
            ? "with queues of \(submissionEntries) entries instead of \(standard) and without fixed buffers"
            : "without fixed buffers"
        return "\(queues), because the limit of locked memory (\(lockedMemoryLimit) bytes) is too small for more; "
            + "raise it with 'ulimit -l' or use fewer loops"
    }
}
