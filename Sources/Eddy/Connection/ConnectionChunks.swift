public import EddyBuffers

/// What a connection receives, as a sequence of shared buffers; see ``Connection/chunks``.
public struct ConnectionChunks: AsyncSequence {
    /// A piece of what was received: at least one byte.
    public typealias Element = SharedBuffer
    /// Why there are no more pieces, unless the peer's stream has ended.
    public typealias Failure = ConnectionError

    let handle: ConnectionHandle

    /// An iterator. All iterators of a connection share its bytes: what one has given, no other gives.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(handle: handle)
    }

    /// Gives what is received, on the connection's loop.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let handle: ConnectionHandle

        /// Whatever has arrived; nil at the end of the peer's stream.
        ///
        /// - Throws: as ``Connection/read()``; ``ConnectionError/closed`` once the connection is gone.
        public mutating func next() async throws(ConnectionError) -> SharedBuffer? {
            try handle.requireLoopThread()
            while true {
                guard handle.isHeld else { throw .closed }
                guard handle.mustWaitToRead(holding: #isolation) else { break }
                await Waiter.suspend { handle.driver.suspendReader(handle.id, $0) }
            }
            return try handle.driver.read(handle.id)?.share()
        }
    }
}
