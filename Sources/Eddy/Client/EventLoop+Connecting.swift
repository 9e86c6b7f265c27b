internal import EddyRing
internal import EddySystem

// One connection attempt: a socket, a slot of the table, one operation.

extension EventLoop {
    /// Submits a connect for a connector, which owns the slot until ``connected(_:id:)``.
    ///
    /// - Returns: nil when the loop has reached its connection limit.
    func startConnecting(
        to address: SocketAddress,
        _ options: ConnectOptions,
        _ connector: ConnectorID
    ) throws(SystemError) -> ConnectionID? {
        let descriptor = try openSocket(to: address, options)
        guard let id = driver.open(descriptor: descriptor, phase: .connecting) else {
            ring.close(descriptor)
            return nil
        }
        driver.connections[id].connector = connector
        if address.isUnix { driver.receiveSingly(id) }
        // The kernel copies the address when it processes the submission, so keeping it until the completion is
        // sufficient.
        let systemAddress = SystemAddress(address)
        connectors.addresses[id] = systemAddress
        driver.submit(.connect(descriptor: descriptor, to: systemAddress, token: OperationToken(.connect, id)))
        driver.connections[id].operations += 1
        return id
    }

    private func openSocket(
        to address: SocketAddress,
        _ options: ConnectOptions
    ) throws(SystemError) -> Int32 {
        let descriptor = try ring.openStream(for: address)
        do {
            if !address.isUnix {
                try ring.enable(.noDelay, on: descriptor)
                try ring.enable(.limitUnsent, on: descriptor)
                try ring.enable(.urgentInline, on: descriptor)
                for option in options.socketOptions { try ring.set(option, on: descriptor) }
            }
            if let localAddress = options.localAddress { try bind(descriptor, to: localAddress, before: address) }
            return descriptor
        } catch {
            ring.close(descriptor)
            throw error
        }
    }

    private func bind(
        _ descriptor: Int32,
        to localAddress: SocketAddress,
        before address: SocketAddress
    ) throws(SystemError) {
        guard localAddress.isUnix == address.isUnix, localAddress.isIPv6 == address.isIPv6 else {
            throw .addressFamilyNotSupported
        }
        if localAddress.port == 0, !address.isUnix { try ring.enable(.noPortWhenBound, on: descriptor) }
        try ring.bind(descriptor, to: localAddress)
    }

    /// Handles the completion of a connect.
    func connected(_ completion: CompletionEntry, id: ConnectionID) {
        driver.connections[id].operations -= 1
        connectors.addresses[id] = nil
        guard let connectorID = driver.connections[id].connector, let connector = connectors[connectorID] else {
            return discardConnecting(id)
        }
        let error = completion.error ?? (isConnectedToItself(id) ? .connectionRefused : nil)
        if error == nil {
            driver.connections[id].lifecycle.move(to: .open)
            driver.connections[id].connector = nil
            driver.counters.connectionsOpened += 1
            driver.applyTimeouts(id)
        }
        connector.connected(id, error)
    }

    /// Whether both ends are this socket. A connect to a local port that the system has just picked for this side meets
    /// itself (simultaneous open, RFC 9293, section 3.5): no server listens there.
    private func isConnectedToItself(_ id: ConnectionID) -> Bool {
        let descriptor = driver.connections[id].descriptor
        guard let local = ring.localAddress(of: descriptor), !local.isUnix,
            local == ring.remoteAddress(of: descriptor)
        else { return false }
        // Otherwise the port would stay in use for a minute (TIME_WAIT).
        ring.resetOnClose(descriptor)
        return true
    }

    /// Cancels a connect that is no longer needed; its last completion closes the socket.
    func cancelConnecting(_ id: ConnectionID) {
        driver.connections[id].connector = nil
        driver.submit(.cancel(OperationToken(.connect, id), token: OperationToken(.cancel, id)))
    }

    /// Closes the socket of a failed or cancelled connect.
    func discardConnecting(_ id: ConnectionID) {
        ring.close(driver.connections[id].descriptor)
        driver.connections.remove(id)
        driver.memory.value.connectionsChanged(to: driver.connections.count)
    }
}
