internal import CLiburing
internal import Glibc

/// What the system knows of a TCP connection (tcp(7), TCP_INFO; `struct tcp_info` in include/uapi/linux/tcp.h).
public struct TCPInformation: Sendable, Hashable {
    /// Whether the connection is no more, as after a reset.
    let isClosed: Bool
    /// Smoothed round-trip time, to the microsecond.
    public var roundTripTime: Duration
    /// Mean deviation of the round-trip time, to the microsecond.
    public var roundTripTimeVariation: Duration
    /// The least round-trip time that was measured, to the microsecond (4.6).
    public var minimumRoundTripTime: Duration
    /// How long this side waits for an acknowledgement before it sends again, to the microsecond.
    public var retransmissionTimeout: Duration
    /// Segments that may be in flight.
    public var congestionWindow: Int
    /// The number of segments at which the window's growth turns careful.
    public var slowStartThreshold: Int
    /// Bytes of a segment to the peer.
    public var sendSegmentSize: Int
    /// Bytes of a segment from the peer.
    public var receiveSegmentSize: Int
    /// Segments in flight.
    public var unacknowledgedSegments: Int
    /// Segments in flight that are taken for lost.
    public var lostSegments: Int
    /// Times that the first segment in flight was sent again without an answer so far.
    public var consecutiveRetransmissions: Int
    /// Segments that were sent again since the connection was made.
    public var totalRetransmissions: Int
    /// Bytes sent, those that were sent again included (4.19).
    public var bytesSent: UInt64
    /// Bytes that were sent again (4.19).
    public var bytesRetransmitted: UInt64
    /// Bytes that the peer has acknowledged since the connection was made (4.1).
    public var bytesAcknowledged: UInt64
    /// Bytes that were received from the peer (4.1).
    public var bytesReceived: UInt64
    /// Bytes in the socket's buffer that were not sent yet (4.6).
    public var bytesNotSent: Int
    /// The most recent rate of delivery, in bytes a second (4.9).
    public var deliveryRate: UInt64
    /// The time since data were sent, to the millisecond.
    public var timeSinceSent: Duration
    /// The time since data were received, to the millisecond.
    public var timeSinceReceived: Duration
}

extension Socket {
    /// What the system knows of a connection. Fields that an older kernel does not have are 0.
    package static func information(of descriptor: Int32) throws(SystemError) -> TCPInformation {
        let information = unsafe withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { fields in
            unsafe fields.initializeMemory(as: UInt8.self, repeating: 0)
            var length = socklen_t(fields.count)
            let result = unsafe getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, fields.baseAddress, &length)
            return unsafe result == 0 ? TCPInformation(kernelFields: UnsafeRawBufferPointer(fields)) : nil
        }
        guard let information else { throw .current }
        return information
    }
}

extension TCPInformation {
    /// Reads the kernel's structure, whose fields never move; glibc's declaration of it ends at `tcpi_total_retrans`.
    init(kernelFields bytes: UnsafeRawBufferPointer) {
        func word(_ offset: Int) -> Int { unsafe Int(bytes.load(fromByteOffset: offset, as: UInt32.self)) }
        func long(_ offset: Int) -> UInt64 { unsafe bytes.load(fromByteOffset: offset, as: UInt64.self) }
        unsafe isClosed = bytes.load(as: UInt8.self) == UInt8(TCP_CLOSE)
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
