internal import EddyBuffers

// The boundary between a socket and its user. Received bytes pass one point before they reach the reader, outgoing
// bytes pass one point before they are queued for the socket, and the end of each direction passes the same points:
//
//     socket ──received──▶ [ transform ] ──deliver──▶ reader, relay
//     socket ◀──────send── [ transform ] ◀──write──── writer, relay
//            ──FIN───────▶ receivedEnd    ──endStream▶ nil, FIN to the other side of a relay
//            ◀──FIN──────  ◀──── bytes sent by `end`   endWriting, a graceful close
//
// A connection without a transform pays one predictable branch at each point. With one, the user's ``Connection`` stays
// the same type: handlers, framing, relays, timeouts, half-close and back-pressure work on the transformed bytes.

/// Converts the bytes of a connection's socket to those of its user and back: encryption, for example.
///
/// The driver calls it on the loop's thread, never concurrently. It answers through the ``TransformContext``.
protocol ConnectionTransform: AnyObject {
    /// The transform has been installed: a handshake may begin.
    func start(_ context: TransformContext)

    /// Bytes have arrived from the socket. The transform takes over the slice's reference.
    func received(_ slice: Slice, _ context: TransformContext)

    /// The peer has sent FIN. A transform whose protocol has its own end marker, and has not received it, fails the
    /// connection: the stream was truncated.
    func receivedEnd(_ context: TransformContext)

    /// The user has written bytes. The transform takes over the slice's reference. Called only when the transform is
    /// ready.
    func write(_ slice: Slice, _ context: TransformContext)

    /// The user's direction ends: send the end marker now. FIN follows.
    func end(_ context: TransformContext)
}

/// The operations of a ``ConnectionTransform`` on its connection.
struct TransformContext {
    let driver: ConnectionDriver
    let id: ConnectionID

    /// Delivers bytes to the reader, or to the other side of a relay.
    func deliver(_ slice: Slice) { driver.deliver(slice, from: id) }

    /// Queues bytes for the socket.
    func send(_ slice: Slice) {
        guard !driver.connections[id].lifecycle.cannotSend, driver.connections[id].sending.output == .open else {
            return slice.drop()
        }
        driver.appendToQueue(slice, of: id)
    }

    /// Completes the handshake: resumes the task that installed the transform.
    func becomeReady() {
        driver.connections[id].transform = .ready
        driver.resumeReader(id)
    }

    /// Ends the peer's stream after the end marker of the transform's protocol.
    func endStream() { driver.perform(driver.connections[id].receivedEnd(), on: id) }

    /// Fails and resets the connection: its bytes violate the protocol, or were truncated.
    ///
    /// - Parameter code: an error number of the system, or one of ``ConnectionError``'s own codes.
    func fail(_ code: Int32) { driver.reset(id, failure: code) }
}
