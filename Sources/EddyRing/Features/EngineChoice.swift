internal import Synchronization

/// The engine in use, the reason for its choice, and what its rings lack.
public struct EngineChoice: Sendable, Equatable {
    public let kind: EngineKind
    /// The reason for the choice.
    public let reason: Reason
    /// What the rings lack because locked memory is short; nil if it suffices.
    public private(set) var reduction: Reduction?

    /// Why an engine was chosen.
    public enum Reason: Sendable, Equatable {
        /// Preferred engine, available.
        case available
        /// `EDDY_ENGINE` names it.
        case environment
        /// io_uring is unavailable, for this reason.
        case fallback(RingError)
    }

    /// What the rings of a group of loops lack because locked memory is short. Such rings never have fixed buffers.
    public struct Reduction: Sendable, Equatable {
        /// Entries of each loop's submission queue; 512 if only the fixed buffers were dropped.
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

    /// The choice for one loop, made on first use and then cached. A group of loops may have to use less
    /// (`EventLoopGroup.engine`), since all of its loops need locked memory.
    ///
    /// - Throws: ``RingError`` if the environment is invalid, or if no descriptor or no address space is left; the next
    ///   call then tries again. If the limit of locked memory does not allow the smallest ring, the choice is epoll,
    ///   and the next call tries again, too: other processes of the user may have released memory.
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
            // Try the smallest ring that a loop uses, so that the result holds for a loop.
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

    /// A message for the operator if io_uring is not used, or is used with reduced rings: the reason, and what to do.
    /// Nil if there is nothing to report.
    public var notice: String? {
        if case .fallback(let error) = reason {
            return "using \(kind), which takes more processor time, because \(error)"
        }
        return reduction.map { "using io_uring \($0)" }
    }
}

extension EngineChoice.Reduction: CustomStringConvertible {
    /// For example `with queues of 128 entries instead of 512 and without fixed buffers, because …; raise it with …`.
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
