public import EddyBuffers

/// What a connection receives, as a sequence of shared buffers; see ``Connection/chunks``.
public struct ConnectionChunks: AsyncSequence {
    /// A piece of what was received: at least one byte.
    public typealias Element = SharedBuffer
    /// Why there are no more pieces, unless the peer's stream has ended.
    public typealias Failure = ConnectionError

    private let loop: EventLoop
    private let slot: UInt32
    private let generation: UInt32

    init(loop: EventLoop, slot: UInt32) {
        self.loop = loop
        self.slot = slot
        generation = loop.isLoopThread(for: slot) ? loop.connections[slot].generation : 0
    }

    /// An iterator. All iterators of a connection share its bytes: what one has given, no other gives.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(loop: loop, slot: slot, generation: generation)
    }

    /// Gives what is received, on the connection's loop.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let loop: EventLoop
        let slot: UInt32
        let generation: UInt32

        /// Whatever has arrived; nil at the end of the peer's stream.
        ///
        /// - Throws: as ``Connection/read()``; ``ConnectionError/closed`` once the connection is gone.
        public mutating func next() async throws(ConnectionError) -> SharedBuffer? {
            try loop.requireLoopThread(for: slot)
            while true {
                guard loop.connections.isCurrent(slot, generation: generation), loop.connections[slot].isHeld
                else { throw .closed }
                guard loop.mustWaitToRead(slot, holding: #isolation) else { break }
                await Suspension.suspend { loop.suspendReader(slot, $0) }
            }
            return try loop.read(slot)?.share()
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
    public var chunks: ConnectionChunks { ConnectionChunks(loop: loop, slot: slot) }
}
