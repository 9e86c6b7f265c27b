import ArgumentParser
import Eddy

extension Endpoint {
    /// Parses `HOST:PORT` or `unix:PATH`. A name is resolved only when a connection is made.
    @Sendable static func argument(_ text: String) throws -> Endpoint {
        guard text.rest(after: "fd:") == nil, text.rest(after: "systemd:") == nil else {
            throw ValidationError("'\(text)' is a socket that listens; write where to connect: HOST:PORT or unix:PATH")
        }
        guard !text.hasPrefix("*:"), !text.hasPrefix(":") else {
            throw ValidationError("'\(text)' names no host; write where to connect: HOST:PORT or unix:PATH")
        }
        do {
            return try Endpoint(text)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}
