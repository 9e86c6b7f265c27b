internal import EddyRing

// One attempt to connect: a socket, a slot of the table, one operation.

extension EventLoop {
    /// Submits a connect for a connector; the slot is the connector's until ``connected(_:slot:)``.
    ///
    /// - Returns: nil when the loop has as many connections as it may have.
    func startConnecting(
        to address: SocketAddress,
        from localAddress: SocketAddress?,
        _ connector: UInt32
    ) throws(SystemError) -> UInt32? {
        let descriptor = try openSocket(to: address, from: localAddress)
        guard let slot = occupySlot(descriptor: descriptor, phase: .connecting) else {
            ring.close(descriptor)
            return nil
        }
        connections[slot].connector = connector
        // The kernel copies the address when it takes the submission; kept until the completion, it is there by then.
        let systemAddress = SystemAddress(address)
        connectors.addresses[slot] = systemAddress
        submit(.connect(descriptor: descriptor, to: systemAddress, token: token(.connect, slot)))
        connections[slot].operations += 1
        return slot
    }

    private func openSocket(
        to address: SocketAddress,
        from localAddress: SocketAddress?
    ) throws(SystemError) -> Int32 {
        let descriptor = try ring.openStream(for: address)
        do {
            if !address.isUnix {
                try ring.enable(.noDelay, on: descriptor)
                try ring.enable(.limitUnsent, on: descriptor)
            }
            if let localAddress { try bind(descriptor, to: localAddress, before: address) }
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
        if completion.error == nil {
            connections[slot].phase = .open
            connections[slot].connector = ConnectionState.noConnector
            counters.connectionsOpened += 1
            applyTimeouts(slot)
        }
        connector.connected(slot, completion.error)
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
