public import EddySystem

extension Connection {
    /// Connects to `endpoint` on this connection's loop, and relays between the two connections until both have ended.
    ///
    /// Bytes that this connection receives meanwhile, up to the loop's window, are passed on first. If this connection
    /// fails before the other is established, connecting is cancelled: at once, unless the received bytes fill the
    /// window. (The end of its stream does not cancel: the peer may still want a reply.)
    ///
    /// - Throws: ``ConnectError`` when connecting to `endpoint` fails, or `endpoint` is the server that accepted this
    ///   connection; ``ConnectionError`` when either connection fails.
    public func relay(to endpoint: Endpoint, options: ConnectOptions = .init()) async throws {
        try loop.requireLoopThread(for: id)
        // Failures are noticed only while receiving.
        loop.driver.armReceive(id)
        let (loop, id) = (loop, id)
        var options = options
        if let listener = loop.driver.connections[id].listener { options.avoided = loop.listeners[listener]?.address }
        try loop.driver.connections[id].lifecycle.requireUnfailed()
        do {
            try await loop.connect(to: endpoint, options: options, whileOpen: id) { other in
                try await relay(to: other)
            }
        } catch let error as ConnectError {
            try loop.driver.connections[id].lifecycle.requireUnfailed()
            throw error
        }
    }
}
