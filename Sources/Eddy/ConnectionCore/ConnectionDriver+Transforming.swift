internal import EddyBuffers

extension ConnectionDriver {
    /// Installs a transform. Unread received bytes are its first input.
    func install(_ transform: any ConnectionTransform, on id: ConnectionID) {
        assert(connections[id].transform == .none, "a connection has one transform")
        connections[id].transform = .handshaking
        transforms.value[id] = transform
        let context = TransformContext(driver: self, id: id)
        transform.start(context)
        var early = SliceQueue()
        swap(&early, &connections[id].receiving.queue)
        while let slice = slices.popFirst(of: &early) { transform.received(slice, context) }
        if connections[id].receiving.input == .ended { transform.receivedEnd(context) }
    }

    /// The connection's transform, which ends with the connection.
    private func transform(of id: ConnectionID) -> any ConnectionTransform {
        guard let transform = transforms.value[id] else { unreachable("a transformed connection has a transform") }
        return transform
    }

    /// Passes bytes from the socket to the connection's transform.
    @inline(never)
    func transformReceived(_ slice: Slice, from id: ConnectionID) {
        transform(of: id).received(slice, TransformContext(driver: self, id: id))
    }

    /// Passes FIN from the socket to the connection's transform.
    @inline(never)
    func transformReceivedEnd(of id: ConnectionID) {
        let isRead = connections[id].lifecycle.phase == .open && connections[id].receiving.input != .discarding
        // A stream that is dropped unread cannot be truncated.
        guard isRead, !connections[id].lifecycle.cannotSend else {
            return perform(connections[id].receivedEnd(), on: id)
        }
        // After the end of the transform's stream, FIN concerns the socket only.
        if connections[id].receiving.input != .ended {
            transform(of: id).receivedEnd(TransformContext(driver: self, id: id))
        }
    }

    @inline(never)
    func transformWrite(_ slice: Slice, to id: ConnectionID) {
        transform(of: id).write(slice, TransformContext(driver: self, id: id))
    }

    /// Lets the transform send its end marker before FIN.
    @inline(never)
    func transformEnd(of id: ConnectionID) {
        transform(of: id).end(TransformContext(driver: self, id: id))
    }

    /// Drops the transform of a connection that ends.
    func dropTransform(_ id: ConnectionID) {
        if connections[id].transform != .none { transforms.value[id] = nil }
    }
}
