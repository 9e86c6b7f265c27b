internal import CLiburing
internal import Glibc

/// An option of a TCP connection (tcp(7), socket(7)).
///
/// SO_LINGER is not included: the loop controls how a connection closes.
public enum TCPOption: Sendable, Hashable {
    /// Send small segments at once instead of waiting for acknowledgements (TCP_NODELAY). On by default in Eddy.
    case noDelay(Bool)
    /// Probe a silent peer after `idle`, then every `interval`. After `count` unanswered probes the connection fails
    /// with a timeout (SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT). Whole seconds up to 32,767, rounded up;
    /// up to 127 probes.
    case keepAlive(idle: Duration, interval: Duration, count: Int)
    /// Never probe a silent peer, which is the default.
    case noKeepAlive
    /// How long sent data may stay unacknowledged before the connection fails with a timeout, in milliseconds, rounded
    /// up (TCP_USER_TIMEOUT, RFC 5482). Zero selects the system's default.
    case userTimeout(Duration)
    /// Acknowledge at once, until the system decides otherwise (TCP_QUICKACK: not permanent).
    case quickAcknowledgement(Bool)
    /// Size of the socket's send buffer in bytes, which the system doubles, up to net.core.wmem_max (SO_SNDBUF).
    /// Disables the automatic adaptation of the size.
    case sendBufferSize(Int)
    /// Size of the socket's receive buffer in bytes, which the system doubles, up to net.core.rmem_max (SO_RCVBUF).
    /// Disables the automatic adaptation of the size.
    case receiveBufferSize(Int)
    /// The unsent bytes that the system accepts while the peer's window or the network is full (TCP_NOTSENT_LOWAT). 32
    /// KiB by default in Eddy: this limits the kernel memory that a peer costs that receives nothing. All connections
    /// of the machine share the memory of TCP.
    case unsentLimit(Int)
}

extension Socket {
    /// Sets an option. Throws EINVAL for a value that the system rejects, and EOPNOTSUPP if the socket is not a TCP
    /// socket.
    package static func set(_ option: TCPOption, on descriptor: Int32) throws(SystemError) {
        let tcp = Int32(IPPROTO_TCP)
        switch option {
        case .noDelay(let on): try set(tcp, TCP_NODELAY, to: on ? 1 : 0, on: descriptor)
        case .keepAlive(let idle, let interval, let count):
            try set(tcp, TCP_KEEPIDLE, to: idle.roundedUp(to: .seconds(1)), on: descriptor)
            try set(tcp, TCP_KEEPINTVL, to: interval.roundedUp(to: .seconds(1)), on: descriptor)
            try set(tcp, TCP_KEEPCNT, to: Int32(clamping: count), on: descriptor)
            try set(SOL_SOCKET, SO_KEEPALIVE, to: 1, on: descriptor)
        case .noKeepAlive: try set(SOL_SOCKET, SO_KEEPALIVE, to: 0, on: descriptor)
        case .userTimeout(let time):
            try set(tcp, TCP_USER_TIMEOUT, to: time.roundedUp(to: .milliseconds(1)), on: descriptor)
        case .quickAcknowledgement(let on): try set(tcp, TCP_QUICKACK, to: on ? 1 : 0, on: descriptor)
        case .sendBufferSize(let size): try set(SOL_SOCKET, SO_SNDBUF, to: Int32(clamping: size), on: descriptor)
        case .unsentLimit(let size): try set(tcp, TCP_NOTSENT_LOWAT, to: Int32(clamping: size), on: descriptor)
        case .receiveBufferSize(let size): try set(SOL_SOCKET, SO_RCVBUF, to: Int32(clamping: size), on: descriptor)
        }
    }
}

extension Duration {
    /// The number of units, rounded up.
    fileprivate func roundedUp(to unit: Duration) -> Int32 {
        Int32(min(max((self / unit).rounded(.up), Double(Int32.min)), Double(Int32.max)))
    }
}
