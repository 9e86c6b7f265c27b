internal import EddyBuffers

extension ConnectionDriver {
    /// Installs a transform. What was received and not read is what it receives first.
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

    /// Bytes have come from the socket of a connection that is transformed.
    @inline(never)
    func transformReceived(_ slice: Slice, from id: ConnectionID) {
        transform(of: id).received(slice, TransformContext(driver: self, id: id))
    }

    /// FIN has come from the socket of a connection that is transformed.
    @inline(never)
    func transformReceivedEnd(of id: ConnectionID) {
        let isRead = connections[id].lifecycle.phase == .open && connections[id].receiving.input != .discarding
        // What is dropped unread has no end that could be missed.
        guard isRead, !connections[id].lifecycle.cannotSend else {
            return perform(connections[id].receivedEnd(), on: id)
        }
        // What comes after the end of the transform's stream concerns the socket only.
        if connections[id].receiving.input != .ended {
            transform(of: id).receivedEnd(TransformContext(driver: self, id: id))
        }
    }

    @inline(never)
    func transformWrite(_ slice: Slice, to id: ConnectionID) {
        transform(of: id).write(slice, TransformContext(driver: self, id: id))
    }

    /// What marks the end of a transformed stream is sent before FIN.
    @inline(never)
    func transformEnd(of id: ConnectionID) {
        transform(of: id).end(TransformContext(driver: self, id: id))
    }

    /// The connection ends, and its transform with it.
    func dropTransform(_ id: ConnectionID) {
        if connections[id].transform != .none { transforms.value[id] = nil }
    }
}
