package import EddySystem

// A loop makes all socket and clock calls through its ring, since an external engine has its own sockets and time.
// These calls are rare, so the cost of the branch is negligible.

extension Ring {
    /// The current time of CLOCK_MONOTONIC, or of the simulation's clock.
    package var now: Instant { engine.network?.now ?? MonotonicClock.now }

    /// See ``Socket/openStream(for:)``.
    package func openStream(for address: SocketAddress) throws(SystemError) -> Int32 {
        guard let network = engine.network else { return try Socket.openStream(for: address) }
        return try network.openStream()
    }

    /// See ``Socket/enable(_:on:)``. External sockets have no options.
    package func enable(_ option: Socket.Option, on descriptor: Int32) throws(SystemError) {
        guard let network = engine.network else { return try Socket.enable(option, on: descriptor) }
        network.requireOpen(descriptor)
    }

    /// See ``Socket/set(_:on:)-(TCPOption,_)``. External sockets have no options.
    package func set(_ option: TCPOption, on descriptor: Int32) throws(SystemError) {
        guard let network = engine.network else { return try Socket.set(option, on: descriptor) }
        network.requireOpen(descriptor)
    }

    /// See ``Socket/bind(_:to:)``.
    package func bind(_ descriptor: Int32, to address: SocketAddress) throws(SystemError) {
        guard let network = engine.network else { return try Socket.bind(descriptor, to: address) }
        network.bind(descriptor, to: address)
    }

    /// See ``Socket/localAddress(of:)``.
    package func localAddress(of descriptor: Int32) -> SocketAddress? {
        guard let network = engine.network else { return Socket.localAddress(of: descriptor) }
        return network.localAddress(of: descriptor)
    }

    /// See ``Socket/remoteAddress(of:)``.
    package func remoteAddress(of descriptor: Int32) -> SocketAddress? {
        guard let network = engine.network else { return Socket.remoteAddress(of: descriptor) }
        return network.remoteAddress(of: descriptor)
    }

    /// See ``Socket/peerCredentials(of:)``. External sockets have no processes.
    package func peerCredentials(of descriptor: Int32) -> PeerCredentials? {
        engine.network == nil ? Socket.peerCredentials(of: descriptor) : nil
    }

    /// See ``Socket/isWithinMachine(_:)``. An external network is not.
    package func isWithinMachine(_ descriptor: Int32) -> Bool {
        engine.network == nil && Socket.isWithinMachine(descriptor)
    }

    /// See ``Socket/shutdownWrite(_:)``.
    package func shutdownWrite(_ descriptor: Int32) {
        guard let network = engine.network else { return Socket.shutdownWrite(descriptor) }
        network.shutdownWrite(descriptor)
    }

    /// See ``Socket/resetOnClose(_:)``.
    package func resetOnClose(_ descriptor: Int32) {
        guard let network = engine.network else { return Socket.resetOnClose(descriptor) }
        network.resetOnClose(descriptor)
    }

    /// See ``Socket/close(_:)``.
    package func close(_ descriptor: Int32) {
        guard let network = engine.network else { return Socket.close(descriptor) }
        network.close(descriptor)
    }

    /// See ``Socket/unacknowledgedBytes(_:)``.
    package func unacknowledgedBytes(_ descriptor: Int32) -> Int? {
        guard let network = engine.network else { return Socket.unacknowledgedBytes(descriptor) }
        return network.unacknowledgedBytes(descriptor)
    }

    /// See ``Socket/bytesToReceive(_:)``.
    package func bytesToReceive(_ descriptor: Int32) -> Int {
        guard let network = engine.network else { return Socket.bytesToReceive(descriptor) }
        return network.bytesToReceive(descriptor)
    }

    /// See ``Socket/acknowledgedBytes(_:)``.
    package func acknowledgedBytes(_ descriptor: Int32) -> UInt64 {
        guard let network = engine.network else { return Socket.acknowledgedBytes(descriptor) }
        return network.acknowledgedBytes(descriptor)
    }

    /// See ``Socket/takeErrors(of:)``.
    package func takeErrors(of descriptors: [Int32]) -> [(index: Int, error: SystemError)] {
        guard let network = engine.network else { return Socket.takeErrors(of: descriptors) }
        return descriptors.indices.compactMap { index in
            network.takeError(of: descriptors[index]).map { (index: index, error: $0) }
        }
    }

    /// See ``Socket/deliveryProgress(_:)``.
    package func deliveryProgress(_ descriptor: Int32) -> UInt64 {
        guard let network = engine.network else { return Socket.deliveryProgress(descriptor) }
        return network.acknowledgedBytes(descriptor)
    }
}
