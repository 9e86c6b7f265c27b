public import EddySystem

/// How a client connects.
public struct ConnectOptions: Sendable {
    /// How long it may take in all: looking the name up, and trying its addresses. Nil: the loop's
    /// ``EventLoop/Configuration/connectTimeout``.
    public var timeout: Duration?
    /// This side's address; with port 0 the system picks a port when it connects. Only addresses of the same kind are
    /// tried then. Nil: the system picks the address, too.
    public var localAddress: SocketAddress?
    /// How long one address is waited for before the next one is tried beside it: 250 ms, and never less than 10 ms
    /// (RFC 8305, section 5 and 8).
    public var attemptDelay = Duration.milliseconds(250)

    /// What is set on the socket before it connects, such as `TCPOption.keepAlive`. Nothing on a Unix
    /// domain socket. What the system does not take fails the attempt.
    public var socketOptions: [TCPOption] = []

    /// The defaults.
    public init() {}

    /// An address that is not connected to: that of the server for which this is done.
    var avoided: SocketAddress?

    /// Who looks names up.
    var resolver = Resolver.shared

    static let shortestAttemptDelay = Duration.milliseconds(10)
}
