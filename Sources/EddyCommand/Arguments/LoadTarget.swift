import ArgumentParser
import Eddy

/// What `eddy load` loads: `tcp://HOST:PORT` or `unix:PATH`.
struct LoadTarget: Sendable {
    let text: String
    let endpoint: Endpoint

    @Sendable static func argument(_ text: String) throws -> LoadTarget {
        let scheme = "tcp://"
        if text.hasPrefix("unix:") { return LoadTarget(text: text, endpoint: try Endpoint.argument(text)) }
        guard text.hasPrefix(scheme) else {
            throw ValidationError("'\(text)' is not a target; write tcp://HOST:PORT, for example tcp://127.0.0.1:7000")
        }
        return LoadTarget(text: text, endpoint: try Endpoint.argument(String(text.dropFirst(scheme.count))))
    }
}
