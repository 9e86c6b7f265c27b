/// A stream connection, TCP or Unix, with a single owner.
///
/// A connection belongs to an event loop and is used on that loop's thread, where its handler runs. The compiler
/// prevents copies, and uses after the end of its scope. When it goes out of scope it is closed gracefully: everything
/// written is sent, then the end of the stream. When its handler throws, the peer receives everything written, and then
/// a reset, so that it does not mistake a truncated reply for a complete one.
///
/// ```swift
/// await server.run { connection in
///     while let bytes = try await connection.read() {
///         try await connection.write(bytes)
///     }
/// }
/// ```
///
/// The end of the peer's stream does not close the connection: `read` returns nil from then on, and writing is still
/// possible.
///
/// Once the task is cancelled, no operation waits: reads return what has been received and throw
/// ``ConnectionError/cancelled`` where they would wait; writes queue their bytes, which are still sent, and throw it
/// where they would wait for room. No byte is lost, and operations that need not wait still succeed. (A server's
/// handler is cancelled only after the server's grace, when its connection has been reset.)
public struct Connection: ~Copyable {
    /// For Eddy's own use.
    public let handle: ConnectionHandle

    /// Takes ownership of the connection.
    init(loop: EventLoop, id: ConnectionID) {
        handle = ConnectionHandle(loop: loop, id: id)
    }

    deinit {
        loop.release(id)
    }

    var loop: EventLoop { handle.loop }
    var id: ConnectionID { handle.id }

    /// The connection's loop.
    public var eventLoop: EventLoop { loop }

    /// Resets the connection: the peer sees a reset, and bytes that were written and not yet sent are lost.
    public consuming func reset() {
        if handle.isOnLoopThread { loop.driver.connections[id].lifecycle.end(.reset) }
    }
}
