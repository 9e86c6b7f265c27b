public import EddySystem

extension Connection {
    /// Connects to `endpoint` on this connection's loop, and relays between the two until both have ended.
    ///
    /// What this connection receives meanwhile, up to the loop's window, is passed on first. When it breaks before the
    /// other one stands, that is given up, at once unless what it has received fills the window. (The end of its stream is no reason: it may still want the answer.)
    ///
    /// - Throws: ``ConnectError`` when there is no connection to `endpoint`, or when that is the server that has accepted
    ///   this one; ``ConnectionError`` when either connection breaks.
    public func relay(to endpoint: Endpoint, options: ConnectOptions = .init()) async throws {
        try loop.requireLoopThread(for: id)
        // Only a connection that receives notices that it is broken.
        loop.driver.armReceive(id)
        let (loop, id) = (loop, id)
        var options = options
        if let listener = loop.driver.connections[id].listener { options.avoided = loop.listeners[listener]?.address }
        if loop.driver.connections[id].lifecycle.hasFailed {
            throw ConnectionError(failure: loop.driver.connections[id].lifecycle.failure.code)
        }
        do {
            try await loop.connect(to: endpoint, options: options, whileOpen: id) { other in
                try await relay(to: other)
            }
        } catch let error as ConnectError {
            if loop.driver.connections[id].lifecycle.hasFailed {
                throw ConnectionError(failure: loop.driver.connections[id].lifecycle.failure.code)
            }
            throw error
        }
    }
}
