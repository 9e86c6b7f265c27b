public import EddyBuffers

/// The writing side of a connection, for the task that writes; see ``Connection/concurrently(_:writing:)``.
public struct ConnectionWriter: ConnectionWriting, ~Copyable {
    /// For Eddy's own use.
    public let handle: ConnectionHandle

    /// See ``ConnectionWriting/write(_:)-(Buffer)``.
    public func write(_ buffer: consuming Buffer) async throws(ConnectionError) {
        if try handle.queue(buffer) { try await handle.waitUntilDrained() }
    }
}
