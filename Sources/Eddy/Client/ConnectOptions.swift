public import EddyRing

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

    /// The defaults.
    public init() {}

    /// Who looks names up.
    var resolver = Resolver.shared

    static let shortestAttemptDelay = Duration.milliseconds(10)
}
