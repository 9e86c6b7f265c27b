import ArgumentParser

/// The engine of the server.
enum IsolationEngine: String, CaseIterable, ExpressibleByArgument, Encodable {
    case uring
    case epoll
    /// io_uring with the features of an older kernel.
    case olderUring = "tier-6.1"

    var environment: [String] {
        switch self {
        case .uring: ["EDDY_ENGINE=uring"]
        case .epoll: ["EDDY_ENGINE=epoll"]
        case .olderUring: ["EDDY_ENGINE=uring", "EDDY_DISABLE=tier-6.1"]
        }
    }
}
