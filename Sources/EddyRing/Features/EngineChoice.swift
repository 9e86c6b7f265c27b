internal import Synchronization

/// Which engine this process uses, and why.
public struct EngineChoice: Sendable, Equatable {
    /// The engine.
    public let kind: EngineKind
    /// Why it is this one.
    public let reason: Reason

    /// Why an engine was chosen.
    public enum Reason: Sendable, Equatable {
        /// It is the best, and the system gives it.
        case available
        /// `EDDY_ENGINE` names it.
        case environment
        /// The system gives no io_uring, for this reason.
        case fallback(RingError)
    }

    /// The choice, which is made when it is needed first, and then kept.
    ///
    /// - Throws: ``RingError`` when the environment is wrong, or when the system gives no ring for a reason that can be
    ///   mended here and now: no descriptor is free, or no memory may be locked. It is asked again then.
    public static func current() throws(RingError) -> EngineChoice {
        if let choice = made.withLock({ $0 }) { return choice }
        let choice = try choose(RingEnvironment.current.get().engine)
        made.withLock { $0 = choice }
        return choice
    }

    private static let made = Mutex<EngineChoice?>(nil)

    private static func choose(_ wanted: EngineKind?) throws(RingError) -> EngineChoice {
        if let wanted { return EngineChoice(kind: wanted, reason: .environment) }
        do {
            _ = try KernelEngine(submissionEntries: 1, completionEntries: 2, features: .permitted)
            return EngineChoice(kind: .uring, reason: .available)
        } catch {
            switch error {
            case .unsupported, .forbidden, .missingFeature:
                return EngineChoice(kind: .epoll, reason: .fallback(error))
            case .lockedMemoryLimit, .tooManyOpenFiles, .environment, .system:
                throw error
            }
        }
    }

    /// What an operator should know: that io_uring is not used, why, and what to do. Nil when there is nothing to say.
    public var notice: String? {
        guard case .fallback(let error) = reason else { return nil }
        return "using \(kind), which takes more processor time, because \(error)"
    }
}
