internal import CLiburing
internal import Glibc

/// The kernel's information about a TCP connection (tcp(7), TCP_INFO; `struct tcp_info` in include/uapi/linux/tcp.h).
public struct TCPInformation: Sendable, Hashable {
    /// Whether the connection is closed, for example by a reset.
    let isClosed: Bool
    /// Smoothed round-trip time, with a resolution of a microsecond.
    public var roundTripTime: Duration
    /// Mean deviation of the round-trip time, with a resolution of a microsecond.
    public var roundTripTimeVariation: Duration
    /// Minimum measured round-trip time, with a resolution of a microsecond (4.6).
    public var minimumRoundTripTime: Duration
    /// Time without an acknowledgement before this side retransmits, with a resolution of a microsecond.
    public var retransmissionTimeout: Duration
    /// Maximum number of segments in flight.
    public var congestionWindow: Int
    /// Size of the congestion window, in segments, at which slow start ends.
    public var slowStartThreshold: Int
    /// Maximum size of sent segments, in bytes.
    public var sendSegmentSize: Int
    /// Estimated maximum size of received segments, in bytes.
    public var receiveSegmentSize: Int
    /// Segments in flight.
    public var unacknowledgedSegments: Int
    /// Segments in flight that are considered lost.
    public var lostSegments: Int
    /// Unanswered retransmissions of the first segment in flight.
    public var consecutiveRetransmissions: Int
    /// Retransmitted segments since the connection was established.
    public var totalRetransmissions: Int
    /// Bytes sent, including retransmissions (4.19).
    public var bytesSent: UInt64
    /// Bytes retransmitted (4.19).
    public var bytesRetransmitted: UInt64
    /// Bytes that the peer has acknowledged since the connection was established (4.1).
    public var bytesAcknowledged: UInt64
    /// Bytes received from the peer (4.1).
    public var bytesReceived: UInt64
    /// Unsent bytes in the socket's buffer (4.6).
    public var bytesNotSent: Int
    /// Most recent delivery rate, in bytes per second (4.9).
    public var deliveryRate: UInt64
    /// Time since data was last sent, with a resolution of a millisecond.
    public var timeSinceSent: Duration
    /// Time since data was last received, with a resolution of a millisecond.
    public var timeSinceReceived: Duration
}

extension Socket {
    /// The kernel's information about a connection. Fields that an older kernel lacks are 0.
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
    /// Parses the kernel's structure, whose field offsets never change. The declaration in glibc ends at
    /// `tcpi_total_retrans`.
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
