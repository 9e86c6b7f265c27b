public import Eddy
internal import EddyBuffers

extension LoadTest {
    /// The parameters of a load test. Connections, loops, depth and message size are at least 1; creating a test with
    /// other values traps.
    public struct Configuration: Sendable {
        /// The server, which must send back every byte in order.
        public var target: Endpoint
        /// Connections, all open at the same time.
        public var connections = 50
        /// How long requests are counted.
        public var duration = Duration.seconds(10)
        /// How long requests are sent before they are counted.
        public var warmup = Duration.milliseconds(500)
        /// Event loops of the client, each with its own thread.
        public var loops = Configuration.defaultLoops
        /// Concurrent requests on each connection.
        public var depth = 1
        /// Bytes of a request, and of its reply.
        public var messageSize = 64
        /// Whether every received byte is compared with what was sent.
        public var verifies = false

        /// 50 connections for 10 seconds with one outstanding request of 64 bytes on each.
        public init(target: Endpoint) {
            self.target = target
        }

        /// The same parameters, for an address.
        public init(target: SocketAddress) {
            self.init(target: Endpoint(target))
        }

        /// Half of the processors: the server is likely to need the others.
        public static var defaultLoops: Int { max(1, EventLoopGroup.processorCount / 2) }

        /// The most bytes that may be outstanding on all connections together: they are held in the client's memory.
        public static let maximumBytesUnderWay = 1 << 30

        func requireValid() {
            require(connections > 0, "a load test has at least one connection")
            require(loops > 0, "a load test has at least one event loop")
            require(depth > 0, "a connection has at least one outstanding request")
            require(messageSize > 0, "a request has at least one byte")
        }

        var bytesUnderWay: Int {
            let (perConnection, overflow) = depth.multipliedReportingOverflow(by: messageSize)
            let (all, overflowOfAll) = perConnection.multipliedReportingOverflow(by: connections)
            return overflow || overflowOfAll ? .max : all
        }
    }
}
