import ArgumentParser
import Eddy

/// `--keepalive`: how long a peer may be silent before it is probed.
enum KeepAlive: Equatable {
    case off
    case after(Duration)

    @Sendable static func argument(_ text: String) throws -> KeepAlive {
        if text == "off" { return .off }
        let duration = try Duration.argument(text)
        guard (.seconds(1)...Duration.seconds(32_767)).contains(duration) else {
            throw ValidationError("\(text) is out of range; write a duration from 1s to 9h, or off")
        }
        return .after(duration)
    }

    /// A peer that does not answer is given up after six probes, ten seconds apart.
    var options: [TCPOption] {
        switch self {
        case .off: []
        case .after(let idle): [.keepAlive(idle: idle, interval: min(idle, .seconds(10)), count: 6)]
        }
    }
}
