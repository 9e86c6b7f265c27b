public import EddySystem

extension EventLoop {
    /// Connects to `endpoint` and runs `body` with the connection, which lives on this loop.
    ///
    /// A name is resolved on another thread, and its addresses are tried as in RFC 8305 ("happy eyeballs"): each a
    /// short delay after the previous one, alternating between the families. The first that answers becomes the
    /// connection.
    ///
    /// The connection is closed gracefully when `body` drops it, and reset when `body` throws. If the task is cancelled
    /// while connecting, this throws at once; later, operations of `body` that wait on the connection throw
    /// ``ConnectionError/cancelled``.
    ///
    /// ```swift
    /// try await loop.run {
    ///     try await loop.connect(to: "localhost:7000") { connection in
    ///         try await connection.write("hello\n")
    ///     }
    /// }
    /// ```
    ///
    /// - Throws: ``ConnectError`` if connecting fails; otherwise what `body` throws.
    /// - Precondition: called on the loop's thread: in a handler of a connection of this loop, or in ``run(_:)``.
    public func connect<Success>(
        to endpoint: Endpoint,
        options: ConnectOptions = .init(),
        _ body: @concurrent (consuming Connection) async throws -> Success
    ) async throws -> Success {
        try await connect(to: endpoint, options: options, whileOpen: nil, body)
    }

    /// Like ``connect(to:options:_:)-(Endpoint,_,_)``, to an address.
    public func connect<Success>(
        to address: SocketAddress,
        options: ConnectOptions = .init(),
        _ body: @concurrent (consuming Connection) async throws -> Success
    ) async throws -> Success {
        try await connect(to: Endpoint(address), options: options, whileOpen: nil, body)
    }

    /// Like ``connect(to:options:_:)-(Endpoint,_,_)``, to `HOST:PORT` or `unix:PATH`.
    public func connect<Success>(
        to text: String,
        options: ConnectOptions = .init(),
        _ body: @concurrent (consuming Connection) async throws -> Success
    ) async throws -> Success {
        let endpoint: Endpoint
        do { endpoint = try Endpoint(text) } catch { throw ConnectError.address(error) }
        return try await connect(to: endpoint, options: options, whileOpen: nil, body)
    }

    /// Like ``connect(to:options:_:)-(Endpoint,_,_)``. Cancels connecting when the connection `whileOpen` fails
    /// meanwhile.
    func connect<Success>(
        to endpoint: Endpoint,
        options: ConnectOptions,
        whileOpen watched: ConnectionID?,
        _ body: @concurrent (consuming Connection) async throws -> Success
    ) async throws -> Success {
        requireLoopThread()
        let id = try await establish(endpoint, options, whileOpen: watched)
        return try await withTaskCancellationHandler {
            do {
                return try await body(Connection(loop: self, id: id))
            } catch {
                driver.markFailed(id)
                throw error
            }
        } onCancel: {
            cancel(id)
        }
    }

    /// - Returns: an open connection, which the caller now owns.
    private func establish(
        _ endpoint: Endpoint,
        _ options: ConnectOptions,
        whileOpen watched: ConnectionID?
    ) async throws(ConnectError) -> ConnectionID {
        let connectorID = connectors.nextID()
        let connector = Connector(to: endpoint, options, id: connectorID, on: self)
        if connectors.isClosed {
            connector.end(.failure(.shutDown))
        } else {
            connectors.insert(connector, id: connectorID)
        }
        if let watched { driver.connections[watched].connector = connectorID }
        let outcome = await withTaskCancellationHandler {
            connector.start()
            return await connector.result()
        } onCancel: {
            if isCurrent {
                connector.end(.failure(.cancelled))
            } else {
                _ = inbox.post(.work { connector.end(.failure(.cancelled)) })
            }
        }
        if let watched { driver.connections[watched].connector = nil }
        if case .failure = outcome { driver.counters.connectFailures += 1 }
        return try outcome.get()
    }
}
