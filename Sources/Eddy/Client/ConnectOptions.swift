public import EddySystem

/// Options of connecting.
public struct ConnectOptions: Sendable {
    /// The time limit for resolving the name and trying its addresses. Nil: the loop's
    /// ``EventLoop/Configuration/connectTimeout``.
    public var timeout: Duration?
    /// The local address; with port 0 the system picks a port when it connects. Only addresses of the same family are
    /// tried. Nil: the system picks the address, too.
    public var localAddress: SocketAddress?
    /// How long to wait for one address before the next one is tried concurrently: 250 ms by default, never less than
    /// 10 ms (RFC 8305, sections 5 and 8).
    public var attemptDelay = Duration.milliseconds(250)

    /// Options that are set on the socket before it connects, such as `TCPOption.keepAlive`. Ignored on Unix domain
    /// sockets. The attempt fails if the system rejects one.
    public var socketOptions: [TCPOption] = []

    /// Creates the default options.
    public init() {}

    /// An address to skip: that of the server that relays to this endpoint.
    var avoided: SocketAddress?

    /// The resolver of names.
    var resolver = Resolver.shared

    static let shortestAttemptDelay = Duration.milliseconds(10)
}
