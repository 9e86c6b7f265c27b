/// What performs a ring's operations.
public enum EngineKind: String, Sendable, Codable, CaseIterable, CustomStringConvertible {
    /// The kernel's io_uring.
    case uring
    /// Non-blocking calls and epoll(7), where io_uring is unavailable.
    case epoll
    /// A simulated network in memory, for tests of Eddy itself. `EDDY_ENGINE` cannot select it.
    case simulated

    /// The engines that `EDDY_ENGINE` can select.
    public static let allCases: [EngineKind] = [.uring, .epoll]

    /// The engine's name as the manual pages spell it.
    public var description: String {
        switch self {
        case .uring: "io_uring"
        case .epoll: "epoll"
        case .simulated: "simulation"
        }
    }
}
