public import EddySystem

extension EventLoop {
    /// Connects to `endpoint` and runs `body` with the connection, which lives on this loop.
    ///
    /// A name is looked up on another thread, and its addresses are tried as in RFC 8305 ("happy eyeballs"): each a
    /// moment after the one before, the families in turn. The first that answers is the connection.
    ///
    /// The connection is closed, in order, when `body` lets go of it, and reset when `body` throws. When the task is
    /// cancelled while it connects, it gives up at once; later, what `body` waits for on the connection throws
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
    /// - Throws: ``ConnectError`` if there can be no connection; else what `body` throws.
    /// - Precondition: called on the loop's thread: in a handler of a connection of this loop, or in ``run(_:)``.
    public func connect<Success>(
        to endpoint: Endpoint,
        options: ConnectOptions = .init(),
        _ body: @concurrent (consuming Connection) async throws -> Success
    ) async throws -> Success {
        try await connect(to: endpoint, options: options, whileOpen: nil, body)
    }

    /// As ``connect(to:options:_:)-(Endpoint,_,_)``, to an address.
    public func connect<Success>(
        to address: SocketAddress,
        options: ConnectOptions = .init(),
        _ body: @concurrent (consuming Connection) async throws -> Success
    ) async throws -> Success {
        try await connect(to: Endpoint(address), options: options, whileOpen: nil, body)
    }

    /// As ``connect(to:options:_:)-(Endpoint,_,_)``, to `HOST:PORT` or `unix:PATH`.
    public func connect<Success>(
        to text: String,
        options: ConnectOptions = .init(),
        _ body: @concurrent (consuming Connection) async throws -> Success
    ) async throws -> Success {
        let endpoint: Endpoint
        do { endpoint = try Endpoint(text) } catch { throw ConnectError.address(error) }
        return try await connect(to: endpoint, options: options, whileOpen: nil, body)
    }

    /// As ``connect(to:options:_:)-(Endpoint,_,_)``. Gives up when the connection `whileOpen` breaks meanwhile.
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

    /// - Returns: the slot of an open connection, which the caller now owns.
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
                _ = mailbox.post(.work { connector.end(.failure(.cancelled)) })
            }
        }
        if let watched { driver.connections[watched].connector = nil }
        if case .failure = outcome { driver.counters.connectFailures += 1 }
        return try outcome.get()
    }
}
