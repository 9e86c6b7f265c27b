import Eddy
import Synchronization

/// Carries a connection to another task, possibly on a thread that must not use it.
final class ConnectionCarrier: @unchecked Sendable {
    private var connection: Connection?

    init(_ connection: consuming Connection) {
        self.connection = consume connection
    }

    func take() -> Connection? { connection.take() }

    func drop() { connection = nil }

    func serve(_ handler: TCPServer.Handler) async throws {
        guard let taken = connection.take() else { return }
        try await handler(taken)
    }

    func write(_ text: String) async throws {
        guard let taken = connection.take() else { return }
        try await taken.write(text)
    }

    /// The errors of using the connection in several ways on the current thread.
    func errorsOfUse() async -> [ConnectionError?] {
        guard let taken = connection.take() else { return [] }
        taken.endReading()
        taken.timeouts.read = .seconds(1)
        let reading = await taken.errorOfReading()
        var line: ConnectionError?
        do throws(ConnectionError) { _ = try await taken.readLine(limit: 10) } catch { line = error }
        var frame: ConnectionError?
        do throws(ConnectionError) { _ = try await taken.readFrame(limit: 10) } catch { frame = error }
        return [reading, line, frame, await taken.errorOfWriting("wrong"), await taken.errorOfEndingWriting()]
    }
}
