// Tasks wait here, above the driver, which has no notion of tasks: it resumes a ``Waiter``.
//
//     read     bytes there? ──▶ take them
//              none ──▶ arm a receive ──▶ poll the ring inline, or suspend ──▶ resumed with bytes, EOF or a failure
//     write    queue ──▶ above the high watermark? suspend until the queue has drained

/// A connection as its tasks see it: the common part of ``Connection``, ``ConnectionReader``, ``ConnectionWriter`` and
/// ``ConnectionChunks``. Opaque: programs use those types.
public struct ConnectionHandle: Sendable {
    let loop: EventLoop
    let id: ConnectionID

    @inline(__always)
    var driver: ConnectionDriver { loop.driver }

    /// Fails the connection unless the calling thread is the loop's; see ``EventLoop/requireLoopThread(for:)``.
    @inline(__always)
    func requireLoopThread() throws(ConnectionError) { try loop.requireLoopThread(for: id) }

    @inline(__always)
    var isOnLoopThread: Bool { loop.isLoopThread(for: id) }

    /// Whether the owner of the connection has not released it.
    var isHeld: Bool { driver.connections.isCurrent(id) && driver.connections[id].lifecycle.isHeld }

    var isServerShuttingDown: Bool { isOnLoopThread && driver.connections[id].drain.isDraining }
}
