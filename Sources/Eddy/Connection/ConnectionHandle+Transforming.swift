extension ConnectionHandle {
    /// Puts a transform between the socket and the user of an open connection, and waits for the end of its handshake.
    ///
    /// Read timeouts and deadlines limit each wait for the peer.
    ///
    /// - Throws: ``ConnectionError`` when the handshake fails, and ``ConnectionError/unexpectedEnd(received:)`` when
    ///   the peer's stream ends during it. The connection is broken then, unless the read timed out or the task was
    ///   cancelled: even then it must not be used.
    /// - Precondition: the connection has no transform, all written bytes have been sent, and no other task uses it.
    func install(_ transform: any ConnectionTransform) async throws(ConnectionError) {
        try requireLoopThread()
        driver.connections[id].requireNoReader()
        try driver.connections[id].lifecycle.requireUnfailed()
        driver.install(transform, on: id)
        while driver.connections[id].transform == .handshaking {
            try driver.requireReadable(id)
            guard !driver.connections[id].isReadable else { throw .unexpectedEnd(received: 0) }
            if driver.connections[id].deadlines != nil { driver.startedWaitingToRead(id) }
            driver.armReceive(id)
            await Waiter.suspend { driver.connections[id].suspendReader($0) }
        }
        // A failure after the handshake is reported by the read that reaches it: earlier bytes can still be read.
    }
}
