import ArgumentParser
import Eddy

/// The protocol of a service.
enum ServiceProtocol: String, CaseIterable, ExpressibleByArgument {
    /// Echoes what it receives.
    case echo
    /// Echoes each line that is not empty.
    case line
    /// Echoes each frame of at most 1 MiB.
    case frame
    /// Echoes what it receives; holds a buffer that starts with 'h' for a while first.
    case holder
    /// Stores values. See ``Handlers/store``.
    case store

    func handler(holding duration: Duration) -> TCPServer.Handler {
        switch self {
        case .echo: Handlers.echo
        case .line: Handlers.answerLines
        case .frame: Handlers.answerFrames
        case .holder: { connection in try await Handlers.hold(connection, for: duration) }
        case .store: Handlers.store
        }
    }
}
