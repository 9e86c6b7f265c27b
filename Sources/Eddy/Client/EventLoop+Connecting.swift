internal import EddyRing
internal import EddySystem

// One attempt to connect: a socket, a slot of the table, one operation.

extension EventLoop {
    /// Submits a connect for a connector; the slot is the connector's until ``connected(_:slot:)``.
    ///
    /// - Returns: nil when the loop has as many connections as it may have.
    func startConnecting(
        to address: SocketAddress,
        _ options: ConnectOptions,
        _ connector: UInt32
    ) throws(SystemError) -> UInt32? {
        let descriptor = try openSocket(to: address, options)
        guard let slot = occupySlot(descriptor: descriptor, phase: .connecting) else {
            ring.close(descriptor)
            return nil
        }
        connections[slot].connector = connector
        if address.isUnix { receiveOneByOne(slot) }
        // The kernel copies the address when it takes the submission; kept until the completion, it is there by then.
        let systemAddress = SystemAddress(address)
        connectors.addresses[slot] = systemAddress
        submit(.connect(descriptor: descriptor, to: systemAddress, token: token(.connect, slot)))
        connections[slot].operations += 1
        return slot
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

    /// A connect ended, one way or the other.
    func connected(_ completion: CompletionEntry, slot: UInt32) {
        connections[slot].operations -= 1
        connectors.addresses[slot] = nil
        guard let connector = connectors[connections[slot].connector] else { return discardConnecting(slot) }
        let error = completion.error ?? (isConnectedToItself(slot) ? .connectionRefused : nil)
        if error == nil {
            connections[slot].phase = .open
            connections[slot].connector = ConnectionState.noConnector
            counters.connectionsOpened += 1
            applyTimeouts(slot)
        }
        connector.connected(slot, error)
    }

    /// Whether both ends are this socket. A connect to a local port from which the system has just picked this side's
    /// meets itself (simultaneous open, RFC 9293, 3.5): nobody listens there.
    private func isConnectedToItself(_ slot: UInt32) -> Bool {
        let descriptor = connections[slot].descriptor
        guard let local = ring.localAddress(of: descriptor), !local.isUnix,
            local == ring.remoteAddress(of: descriptor)
        else { return false }
        // Otherwise the port would be taken for a minute (TIME_WAIT).
        ring.resetOnClose(descriptor)
        return true
    }

    /// Asks for the end of a connect that nobody wants any more; its last completion closes the socket.
    func cancelConnecting(_ slot: UInt32) {
        connections[slot].connector = ConnectionState.noConnector
        submit(.cancel(token(.connect, slot), token: token(.cancel, slot)))
    }

    /// Closes the socket of a connect that has ended.
    func discardConnecting(_ slot: UInt32) {
        ring.close(connections[slot].descriptor)
        connections.vacate(slot)
        memory.value.connectionsChanged(to: connections.count)
    }
}
