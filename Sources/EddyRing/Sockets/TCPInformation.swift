internal import CLiburing
internal import Glibc

/// What the system knows of a TCP connection (tcp(7), TCP_INFO; `struct tcp_info` in include/uapi/linux/tcp.h).
public struct TCPInformation: Sendable, Hashable {
    /// Smoothed round-trip time, its mean deviation, and the least that was measured (4.6).
    public var roundTripTime: Duration
    public var roundTripTimeVariation: Duration
    public var minimumRoundTripTime: Duration
    /// How long this side waits for an acknowledgement before it sends again.
    public var retransmissionTimeout: Duration
    /// Segments that may be in flight, and the number at which growth turns careful.
    public var congestionWindow: Int
    public var slowStartThreshold: Int
    /// Bytes of a segment to the peer, and from it.
    public var sendSegmentSize: Int
    public var receiveSegmentSize: Int
    /// Segments in flight, and those of them that are taken for lost.
    public var unacknowledgedSegments: Int
    public var lostSegments: Int
    /// Times that the first segment in flight was sent again without an answer so far.
    public var consecutiveRetransmissions: Int
    /// Segments that were sent again since the connection was made.
    public var totalRetransmissions: Int
    /// Bytes sent, those that were sent again included, and those alone (4.19).
    public var bytesSent: UInt64
    public var bytesRetransmitted: UInt64
    /// Bytes that the peer has acknowledged, and bytes that were received from it (4.1).
    public var bytesAcknowledged: UInt64
    public var bytesReceived: UInt64
    /// Bytes in the socket's buffer that were not sent yet (4.6).
    public var bytesNotSent: Int
    /// The most recent rate of delivery, in bytes a second (4.9).
    public var deliveryRate: UInt64
    /// The time since the last data were sent, and received.
    public var timeSinceSent: Duration
    public var timeSinceReceived: Duration
}

extension Socket {
    /// What the system knows of a connection. Fields that an older kernel does not have are 0.
    package static func information(of descriptor: Int32) throws(SystemError) -> TCPInformation {
        var fields = [UInt64](repeating: 0, count: 32)
        var length = socklen_t(fields.count * MemoryLayout<UInt64>.stride)
        let result = unsafe fields.withUnsafeMutableBytes { bytes in
            unsafe getsockopt(descriptor, Int32(IPPROTO_TCP), Int32(TCP_INFO), bytes.baseAddress, &length)
        }
        guard result == 0 else { throw .current }
        return unsafe fields.withUnsafeBytes { unsafe TCPInformation(kernelFields: $0) }
    }
}

extension TCPInformation {
    /// Reads the kernel's structure, whose fields never move; glibc's declaration of it ends at `tcpi_total_retrans`.
    init(kernelFields bytes: UnsafeRawBufferPointer) {
        func word(_ offset: Int) -> Int { unsafe Int(bytes.load(fromByteOffset: offset, as: UInt32.self)) }
        func long(_ offset: Int) -> UInt64 { unsafe bytes.load(fromByteOffset: offset, as: UInt64.self) }
        unsafe consecutiveRetransmissions = Int(bytes.load(fromByteOffset: 2, as: UInt8.self))
        retransmissionTimeout = .microseconds(word(8))
        sendSegmentSize = word(16)
        receiveSegmentSize = word(20)
        unacknowledgedSegments = word(24)
        lostSegments = word(32)
        timeSinceSent = .milliseconds(word(44))
        timeSinceReceived = .milliseconds(word(52))
        roundTripTime = .microseconds(word(68))
        roundTripTimeVariation = .microseconds(word(72))
        slowStartThreshold = word(76)
        congestionWindow = word(80)
        totalRetransmissions = word(100)
        bytesAcknowledged = long(120)
        bytesReceived = long(128)
        bytesNotSent = word(144)
        minimumRoundTripTime = .microseconds(word(148))
        deliveryRate = long(160)
        bytesSent = long(200)
        bytesRetransmitted = long(208)
    }
}
