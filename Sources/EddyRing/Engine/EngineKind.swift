/// What performs a ring's operations.
public enum EngineKind: String, Sendable, Codable, CaseIterable, CustomStringConvertible {
    /// The kernel's io_uring.
    case uring
    /// Non-blocking calls and epoll(7), where io_uring is not to be had.
    case epoll
    /// A network in memory, for tests of Eddy itself; nothing that can be asked for.
    case simulated

    /// Those that `EDDY_ENGINE` may name.
    public static let allCases: [EngineKind] = [.uring, .epoll]

    /// As the manual pages write it.
    public var description: String {
        switch self {
        case .uring: "io_uring"
        case .epoll: "epoll"
        case .simulated: "simulation"
        }
    }
}
