internal import EddyBuffers

extension Connection {
    /// Passes on what either connection receives to the other, until both have ended.
    ///
    /// The bytes stay where they were received and no task is woken for them. Each side's end of stream is passed on
    /// after the bytes before it, and the other direction goes on. While one side does not take what it is sent, the
    /// other is not read.
    ///
    /// - Throws: ``ConnectionError/cancelled`` when the task is cancelled; ``ConnectionError`` when either connection
    ///   breaks. The other one gets all that was received before, and is reset when it goes out of scope.
    /// - Precondition: these are two connections, and both live on the same loop. No other task reads or relays them.
    public func relay(to other: borrowing Connection) async throws(ConnectionError) {
        try handle.requireLoopThread()
        require(other.loop === loop, "a relay joins connections of one event loop")
        let (first, second) = (id, other.id)
        require(first != second, "a connection cannot be relayed to itself")
        for id in [first, second] where loop.driver.connections[id].isCancelled {
            throw .cancelled
        }
        for id in [first, second] { loop.driver.connections[id].requireNoReader() }
        loop.driver.beginRelay(first, second)
        if loop.driver.connections[first].isRelaying {
            await Waiter.suspend { loop.driver.connections[first].suspendReader($0) }
        }
        for id in [first, second] where loop.driver.connections[id].lifecycle.hasFailed {
            throw ConnectionError(failure: loop.driver.connections[id].lifecycle.failure.code)
        }
    }
}
