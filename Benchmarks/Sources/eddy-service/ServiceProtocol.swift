import ArgumentParser
import Eddy

/// What the service does with a connection.
enum ServiceProtocol: String, CaseIterable, ExpressibleByArgument {
    /// Sends back what it receives.
    case echo
    /// Sends back each line that is not empty.
    case line
    /// Sends back each frame of at most 1 MiB.
    case frame
    /// Keeps what comes for a while if it starts with 'h'; sends back all else.
    case holder
    /// Stores records.
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
