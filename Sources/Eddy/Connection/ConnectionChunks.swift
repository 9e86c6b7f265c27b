public import EddyBuffers

/// What a connection receives, as a sequence of shared buffers; see ``Connection/chunks``.
public struct ConnectionChunks: AsyncSequence {
    /// A piece of what was received: at least one byte.
    public typealias Element = SharedBuffer
    /// Why there are no more pieces, unless the peer's stream has ended.
    public typealias Failure = ConnectionError

    private let loop: EventLoop
    private let id: ConnectionID

    init(loop: EventLoop, id: ConnectionID) {
        self.loop = loop
        self.id = id
    }

    /// An iterator. All iterators of a connection share its bytes: what one has given, no other gives.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(loop: loop, id: id)
    }

    /// Gives what is received, on the connection's loop.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let loop: EventLoop
        let id: ConnectionID

        /// Whatever has arrived; nil at the end of the peer's stream.
        ///
        /// - Throws: as ``Connection/read()``; ``ConnectionError/closed`` once the connection is gone.
        public mutating func next() async throws(ConnectionError) -> SharedBuffer? {
            try loop.requireLoopThread(for: id)
            while true {
                guard loop.connections.isCurrent(id), loop.connections[id].isHeld
                else { throw .closed }
                guard loop.mustWaitToRead(id, holding: #isolation) else { break }
                await Suspension.suspend { loop.suspendReader(id, $0) }
            }
            return try loop.read(id)?.share()
        }
    }
}

extension Connection {
    /// What the peer sends, as it comes, in buffers that may be copied and kept.
    ///
    /// ```swift
    /// for try await chunk in connection.chunks { log.append(chunk) }
    /// ```
    ///
    /// Each buffer costs an object, which ``read()`` does not; at most 256 bytes are copied. There is one reader at a
    /// time: bytes go to whoever asks first, and two that wait at once trap. The sequence ends with the peer's stream,
    /// and throws ``ConnectionError/closed`` if it is used longer than the connection.
    public var chunks: ConnectionChunks { ConnectionChunks(loop: loop, id: id) }
}
