import ArgumentParser
import Eddy

extension Endpoint {
    /// Parses `HOST:PORT` or `unix:PATH`. A name is resolved only when a connection is made.
    @Sendable static func argument(_ text: String) throws -> Endpoint {
        guard text.rest(after: "fd:") == nil, text.rest(after: "systemd:") == nil else {
            throw ValidationError("'\(text)' is a listening socket; write a target: HOST:PORT or unix:PATH")
        }
        guard !text.hasPrefix("*:"), !text.hasPrefix(":") else {
            throw ValidationError("'\(text)' has no host; write a target: HOST:PORT or unix:PATH")
        }
        do {
            return try Endpoint(text)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}
