/// A TCP connection with one owner.
///
/// It lives on an event loop and is used on that loop's thread, where its handler runs; the compiler keeps it from
/// being copied or kept beyond its scope. When it goes out of scope it is closed in order: what was written is sent,
/// then the end of the stream. When its handler throws, the peer gets what was written, and then a reset: it must not
/// take an answer that was cut off for a whole one.
///
/// ```swift
/// await server.run { connection in
///     while let bytes = try await connection.read() {
///         try await connection.write(bytes)
///     }
/// }
/// ```
///
/// A peer's end of stream is not the end of the connection: `read` returns nil from then on, and writing goes on.
///
/// Once the task is cancelled, nothing waits any more: reads return what had been received by then and throw
/// ``ConnectionError/cancelled`` where they would wait; writes queue their bytes, which are still sent, and throw it
/// where they would wait for room. Nothing is lost, and the connection can be used for what needs no waiting. (A
/// handler of a server is cancelled only when the server's grace is over; its connection was reset then.)
public struct Connection: ~Copyable {
    /// The connection, for Eddy's own use.
    public let handle: ConnectionHandle

    /// Takes over the connection, which has no other owner.
    init(loop: EventLoop, id: ConnectionID) {
        handle = ConnectionHandle(loop: loop, id: id)
    }

    deinit {
        loop.release(id)
    }

    var loop: EventLoop { handle.loop }
    var id: ConnectionID { handle.id }

    /// The loop that the connection lives on.
    public var eventLoop: EventLoop { loop }

    /// Closes the connection without order: the peer sees a reset, and what was written and not yet sent is lost.
    public consuming func reset() {
        if handle.isOnLoopThread { loop.driver.connections[id].lifecycle.end(.reset) }
    }
}
