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
        try loop.requireLoopThread(for: slot)
        // Only a connection that receives notices that it is broken.
        loop.armReceive(slot)
        let (loop, slot) = (loop, slot)
        var options = options
        let listener = loop.connections[slot].listener
        if listener != ConnectionState.noListener { options.avoided = loop.listeners[Int(listener)]?.address }
        if loop.connections[slot].hasFailed { throw ConnectionError(failure: loop.connections[slot].failure) }
        do {
            try await loop.connect(to: endpoint, options: options, whileOpen: slot) { other in
                try await relay(to: other)
            }
        } catch let error as ConnectError {
            if loop.connections[slot].hasFailed { throw ConnectionError(failure: loop.connections[slot].failure) }
            throw error
        }
    }
}
