public import EddyBuffers
internal import EddyRing
internal import EddySystem

extension EventLoop {
    /// The limits of a loop. Everything that could grow has one.
    ///
    /// There is at least one connection; the window, the watermarks and ``zeroCopyThreshold`` are from 1 byte to 1 GiB,
    /// and the low watermark is not above the high one; the pool may map what one chunk takes. A loop with other limits
    /// traps when it is made.
    public struct Configuration: Sendable {
        /// Connections that a loop has at a time. One that is accepted beyond it is closed at once; one that is to be
        /// made throws ``ConnectError/tooManyConnections(limit:)``.
        public var maximumConnections = 65_536
        /// Bytes that a connection may have received and not read, or not relayed, together with what it has queued for
        /// sending; nothing more is asked of the socket then, and TCP slows the peer down. Up to a chunk more may still
        /// come. When the connections of the loop hold much of its memory, each may hold less.
        public var receiveWindow = 512 << 10
        /// Bytes queued for sending above which `write` waits. When the connections of the loop hold much of its memory,
        /// it waits earlier.
        public var highWatermark = 512 << 10
        /// Bytes still queued at which it goes on, and so does a relay that waits for this side.
        public var lowWatermark = 128 << 10
        /// When bytes are sent out of the pool's memory itself instead of being copied by the kernel.
        public var zeroCopy = ZeroCopy.automatic
        /// Queued bytes from which on zero-copy sends are considered.
        public var zeroCopyThreshold = 32 << 10
        /// How long the peer of a connection that is being closed may take nothing of what is left; and, when it has
        /// everything, how long it may take to close, too.
        public var closeTimeout = Duration.seconds(10)
        /// How long a connection may take to be made.
        public var connectTimeout = Duration.seconds(10)
        /// How long connections wait for their peers, unless ``Connection/timeouts`` says otherwise: for ever, at
        /// first.
        public var timeouts = Connection.Timeouts()
        /// How long receives may wait for memory before connections are reset: those that hold most of it and have not
        /// got any further in half of that time, and, a tenth of it later, the next ones.
        public var starvationTimeout = Duration.seconds(5)
        /// Whether each loop's thread is tied to a processor: the first loop of a group to the first one that the
        /// process may use, and so on, around. Worth it where nothing else runs on these processors.
        public var isPinned = false
        /// Reports jobs that hold a loop up; nil: nobody looks.
        public var watchdog: EventLoop.Watchdog? = EventLoop.Watchdog()
        /// The loop's memory. Up to 128 MiB, or less in a container: the pools of as many loops as it has processors take a
        /// quarter of its memory at most. The rest is for the kernel's buffers, which count as well, and for the program.
        public var pool = BufferPool.Configuration(
            maximumBytes: Configuration.poolBytes(inContainerOf: ControlGroup.current.memory)
        )

        /// The defaults.
        public init() {}

        /// Bytes of a loop's pool where the container has so much memory; in whole slabs.
        static func poolBytes(
            inContainerOf memory: Int?,
            loops: Int = EventLoopGroup.processorCount
        ) -> Int {
            let most = 128 << 20
            guard let memory else { return most }
            return min(most, max(4 << 20, memory / 4 / loops & ~((2 << 20) - 1)))
        }

        /// When zero-copy sends are used, where there are any (`RingFeature.zeroCopySends`).
        public enum ZeroCopy: Sendable {
            /// For large sends that leave the machine, until the kernel reports that it copies them all the same.
            case automatic
            /// For all that reach the threshold, also where it costs more than it saves. For tests.
            case always
            /// Not at all: the kernel copies all bytes.
            case never
        }

        func requireValid() {
            let sizes = 1...(1 << 30)
            require(sizes.contains(receiveWindow), "receiveWindow must lie between 1 byte and 1 GiB")
            require(sizes.contains(highWatermark), "highWatermark must lie between 1 byte and 1 GiB")
            require((1...highWatermark).contains(lowWatermark), "lowWatermark must lie in 1...highWatermark")
            require(sizes.contains(zeroCopyThreshold), "zeroCopyThreshold must lie between 1 byte and 1 GiB")
            pool.requireValid()
            require(
                (1...1 << 24).contains(maximumConnections),
                "maximumConnections must be at least 1, and at most 16,777,216"
            )
            if let watchdog {
                require(watchdog.threshold >= .milliseconds(1), "the watchdog's threshold must be at least 1 ms")
            }
        }
    }
}
