internal import EddyBuffers

extension Connection {
    /// Passes what each connection receives to the other, until both have ended.
    ///
    /// The bytes are not copied and no task is woken for them. The end of each side's stream is passed on after the
    /// bytes before it, and the other direction continues. While one side does not accept bytes, the other is not read.
    ///
    /// - Throws: ``ConnectionError/cancelled`` when the task is cancelled; ``ConnectionError`` when either connection
    ///   fails. The other connection is sent everything received before, and is reset when it goes out of scope.
    /// - Precondition: the connections differ and belong to the same loop. No other task reads or relays them.
    public func relay(to other: borrowing Connection) async throws(ConnectionError) {
        try handle.requireLoopThread()
        require(other.loop === loop, "a relay joins connections of one event loop")
        let (first, second) = (id, other.id)
        require(first != second, "a connection cannot be relayed to itself")
        for id in [first, second] where loop.driver.connections[id].isCancelled {
            throw .cancelled
        }
        for id in [first, second] {
            loop.driver.connections[id].requireNoReader()
            require(!loop.driver.connections[id].sending.hasWriter, "no task writes to a connection that is relayed")
        }
        await Relay(between: first, and: second, of: loop.driver).run()
        for id in [first, second] { try loop.driver.connections[id].lifecycle.requireUnfailed() }
    }
}
