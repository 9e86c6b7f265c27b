import ArgumentParser
import Eddy

/// `--accept`
enum AcceptMode: String, ExpressibleByArgument, CaseIterable {
    case perLoop = "per-loop"
    case roundRobin = "round-robin"
    case leastLoaded = "least-loaded"

    var accepting: TCPServer.Options.Accepting {
        switch self {
        case .perLoop: .perLoop
        case .roundRobin: .distributing(.roundRobin)
        case .leastLoaded: .distributing(.leastLoaded)
        }
    }
}

/// `--at-limit`
enum LimitPolicy: String, ExpressibleByArgument, CaseIterable {
    case pause, refuse

    var policy: TCPServer.Options.LimitPolicy {
        switch self {
        case .pause: .pause
        case .refuse: .refuse
        }
    }
}
