import ArgumentParser
import Eddy

/// The protocol of a service.
enum ServiceProtocol: String, CaseIterable, ExpressibleByArgument {
    /// Sends back what it receives.
    case echo
    /// Sends back each line that is not empty.
    case line
    /// Sends back each frame of at most 1 MiB.
    case frame
    /// Sends back what it receives; holds a buffer that starts with 'h' for a while before that.
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
