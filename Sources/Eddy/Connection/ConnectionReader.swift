public import EddyBuffers

/// The reading side of a connection, for the task that reads; see ``Connection/concurrently(_:writing:)``.
public struct ConnectionReader: ConnectionReading, ~Copyable {
    /// For Eddy's own use.
    public let handle: ConnectionHandle

    /// See ``ConnectionReading/read()``.
    public func read() async throws(ConnectionError) -> sending Buffer? {
        try await handle.read()
    }
}
