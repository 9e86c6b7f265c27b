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
        whileOpen watched: UInt32?,
        _ body: @concurrent (consuming Connection) async throws -> Success
    ) async throws -> Success {
        requireLoopThread()
        let slot = try await establish(endpoint, options, whileOpen: watched)
        let generation = connections[slot].generation
        return try await withTaskCancellationHandler {
            do {
                return try await body(Connection(loop: self, slot: slot))
            } catch {
                abandon(slot, generation: generation)
                throw error
            }
        } onCancel: {
            cancel(slot, generation: generation)
        }
    }

    /// - Returns: the slot of an open connection, which the caller now owns.
    private func establish(
        _ endpoint: Endpoint,
        _ options: ConnectOptions,
        whileOpen watched: UInt32?
    ) async throws(ConnectError) -> UInt32 {
        let number = connectors.nextNumber()
        let connector = Connector(to: endpoint, options, number: number, on: self)
        if connectors.isClosed {
            connector.end(.failure(.shutDown))
        } else {
            connectors.insert(connector, number: number)
        }
        if let watched { connections[watched].connector = number }
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
        if let watched { connections[watched].connector = ConnectionState.noConnector }
        if case .failure = outcome { counters.connectFailures += 1 }
        return try outcome.get()
    }
}
