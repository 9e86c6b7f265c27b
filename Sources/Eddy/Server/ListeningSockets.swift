internal import EddyRing

/// Sockets that listen on one address, one for each loop; the kernel spreads connections over them (SO_REUSEPORT).
///
/// The first socket is bound without SO_REUSEPORT and gets it afterwards: so a second server on the same port is
/// refused, which SO_REUSEPORT alone would let in.
struct ListeningSockets {
    let address: SocketAddress
    let descriptors: [Int32]

    /// Opens `count` sockets. With port 0 the system picks the port, the same for all.
    init(on requested: SocketAddress, count: Int, backlog: Int32) throws(ServerError) {
        var descriptors: [Int32] = []
        var address = requested
        do {
            for number in 0..<count {
                let descriptor = try Socket.openStream(for: address)
                descriptors.append(descriptor)
                try Socket.enable(.reuseAddress, on: descriptor)
                try Socket.enable(.noDelay, on: descriptor)
                if number > 0 { try Socket.enable(.reusePort, on: descriptor) }
                try Socket.bind(descriptor, to: address)
                if number == 0 {
                    try Socket.enable(.reusePort, on: descriptor)
                    address = Socket.localAddress(of: descriptor) ?? requested
                }
                try Socket.listen(descriptor, backlog: backlog)
            }
        } catch {
            for descriptor in descriptors { Socket.close(descriptor) }
            throw ServerError(error, listeningOn: requested)
        }
        self.address = address
        self.descriptors = descriptors
    }
}
