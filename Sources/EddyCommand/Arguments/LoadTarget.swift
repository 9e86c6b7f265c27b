import ArgumentParser
import Eddy

/// What `eddy load` loads: `tcp://HOST:PORT`.
struct LoadTarget: Sendable {
    let text: String
    let address: SocketAddress

    @Sendable static func argument(_ text: String) throws -> LoadTarget {
        let scheme = "tcp://"
        guard text.hasPrefix(scheme) else {
            throw ValidationError("'\(text)' is not a target; write tcp://HOST:PORT, for example tcp://127.0.0.1:7000")
        }
        return LoadTarget(text: text, address: try SocketAddress.argument(String(text.dropFirst(scheme.count))))
    }
}
