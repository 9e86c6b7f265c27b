import ArgumentParser
import Eddy

/// The target of `eddy load`: `tcp://HOST:PORT` or `unix:PATH`.
struct LoadTarget: Sendable {
    let text: String
    let endpoint: Endpoint

    @Sendable static func argument(_ text: String) throws -> LoadTarget {
        if text.rest(after: "unix:") != nil { return LoadTarget(text: text, endpoint: try Endpoint.argument(text)) }
        guard let address = text.rest(after: "tcp://") else {
            throw ValidationError("'\(text)' is not a target; write tcp://HOST:PORT, for example tcp://127.0.0.1:7000")
        }
        return LoadTarget(text: text, endpoint: try Endpoint.argument(address))
    }
}
