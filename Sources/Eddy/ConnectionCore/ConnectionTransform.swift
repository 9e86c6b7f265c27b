internal import EddyBuffers

// The seam between a socket and its user. Received bytes pass one point before they reach the reader, outgoing bytes one
// point before they are queued for the socket, and the end of each direction passes the same points:
//
//     socket ──received──▶ [ transform ] ──deliver──▶ reader, relay
//     socket ◀──────send── [ transform ] ◀──write──── writer, relay
//            ──FIN───────▶ receivedEnd    ──endStream▶ nil, FIN to the other side of a relay
//            ◀──FIN──────  ◀──── what `end` sends      endWriting, a graceful close
//
// A connection without a transform pays one predictable branch at each point. With one, the user's ``Connection`` stays
// the same type: handlers, framing, relays, timeouts, half-close and back-pressure work on the transformed bytes.

/// What turns the bytes of a connection's socket into those of its user and back: encryption, for example.
///
/// The driver calls it on the loop's thread, never from two places at once. It answers through the ``TransformContext``.
protocol ConnectionTransform: AnyObject {
    /// The transform has been installed: a handshake may begin.
    func start(_ context: TransformContext)

    /// Bytes have come from the socket. The slice's reference is the transform's now.
    func received(_ slice: Slice, _ context: TransformContext)

    /// The peer has sent FIN. A transform whose protocol has an end of its own, and has not received it, fails the
    /// connection: the stream was cut off.
    func receivedEnd(_ context: TransformContext)

    /// The user has written bytes. The slice's reference is the transform's now. Called only when the transform is ready.
    func write(_ slice: Slice, _ context: TransformContext)

    /// The user's direction ends: what marks the end is sent now. FIN follows.
    func end(_ context: TransformContext)
}

/// What a ``ConnectionTransform`` does to its connection.
struct TransformContext {
    let driver: ConnectionDriver
    let id: ConnectionID

    /// Gives bytes to the reader, or to the other side of a relay.
    func deliver(_ slice: Slice) { driver.deliver(slice, from: id) }

    /// Queues bytes for the socket.
    func send(_ slice: Slice) {
        guard !driver.connections[id].lifecycle.cannotSend, driver.connections[id].sending.output == .open else {
            return slice.drop()
        }
        driver.appendToQueue(slice, of: id)
    }

    /// The handshake is over: the task that installed the transform is resumed.
    func becomeReady() {
        driver.connections[id].transform = .ready
        driver.resumeReader(id)
    }

    /// The peer's stream has ended in the way of the transform's protocol.
    func endStream() { driver.perform(driver.connections[id].receivedEnd(), on: id) }

    /// The connection is broken, and reset: its bytes are not those of the protocol, or were cut off.
    ///
    /// - Parameter code: an error number of the system, or a code of ``ConnectionError``'s own.
    func fail(_ code: Int32) { driver.reset(id, failure: code) }
}
