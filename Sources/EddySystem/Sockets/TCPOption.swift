internal import CLiburing
internal import Glibc

/// What can be set on a TCP connection (tcp(7), socket(7)).
///
/// Lingering is not among them: how a connection is closed is the loop's business.
public enum TCPOption: Sendable, Hashable {
    /// Send small segments at once instead of waiting for acknowledgements (TCP_NODELAY). On for connections of Eddy.
    case noDelay(Bool)
    /// Ask a silent peer whether it is still there: after `idle`, then every `interval`; after `count` questions
    /// without an answer the connection fails with a timeout (SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT).
    /// Whole seconds up to 32,767, rounded up; up to 127 questions.
    case keepAlive(idle: Duration, interval: Duration, count: Int)
    /// Never ask a silent peer, which is how connections begin.
    case noKeepAlive
    /// How long what was sent may stay unacknowledged before the connection fails with a timeout, in milliseconds,
    /// rounded up (TCP_USER_TIMEOUT, RFC 5482). Zero: as the system does.
    case userTimeout(Duration)
    /// Acknowledge at once, until the system decides otherwise (TCP_QUICKACK: not permanent).
    case quickAcknowledgement(Bool)
    /// Bytes of the socket's own buffer for sending, of which the system takes double, up to net.core.wmem_max
    /// (SO_SNDBUF). It ends the automatic adaptation of its size.
    case sendBufferSize(Int)
    /// Bytes of the socket's own buffer for receiving, of which the system takes double, up to net.core.rmem_max
    /// (SO_RCVBUF). It ends the automatic adaptation of its size.
    case receiveBufferSize(Int)
    /// Bytes that the system takes beyond what it may send now, since the peer's window or the network is full
    /// (TCP_NOTSENT_LOWAT). 32 KiB for connections of Eddy: what a peer that takes nothing costs the system, whose memory
    /// for TCP is one for all.
    case unsentLimit(Int)
}

extension Socket {
    /// Sets an option. What the system does not take is EINVAL, and EOPNOTSUPP on a socket that is not TCP's.
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
    /// How many units there are, a part counting as a whole.
    fileprivate func roundedUp(to unit: Duration) -> Int32 {
        Int32(min(max((self / unit).rounded(.up), Double(Int32.min)), Double(Int32.max)))
    }
}
