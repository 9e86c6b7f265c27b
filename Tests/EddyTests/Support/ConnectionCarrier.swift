import Eddy
import Synchronization

/// Takes a connection to another task, and perhaps to a thread where it does not belong.
final class ConnectionCarrier: @unchecked Sendable {
    private var connection: Connection?

    init(_ connection: consuming sending Connection) {
        self.connection = consume connection
    }

    func drop() { connection = nil }

    func serve(_ handler: TCPServer.Handler) async throws {
        guard let taken = connection.take() else { return }
        try await handler(taken)
    }

    func write(_ text: String) async throws {
        guard let taken = connection.take() else { return }
        try await taken.write(text)
    }
}
