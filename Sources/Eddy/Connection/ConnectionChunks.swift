public import EddyBuffers

/// The received bytes as a sequence of shared buffers; see ``ConnectionReading/chunks``.
public struct ConnectionChunks: AsyncSequence {
    /// A part of the received bytes, at least one byte.
    public typealias Element = SharedBuffer
    /// The error that ends the sequence, unless the peer's stream has ended.
    public typealias Failure = ConnectionError

    let handle: ConnectionHandle

    /// Creates an iterator. All iterators of a connection consume the same bytes: each byte is returned by one of them.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(handle: handle)
    }

    /// Returns received bytes, on the connection's loop.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let handle: ConnectionHandle

        /// The bytes that have arrived; nil at the end of the peer's stream.
        ///
        /// - Throws: what ``Connection/read()`` throws; ``ConnectionError/closed`` once the connection is closed.
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
