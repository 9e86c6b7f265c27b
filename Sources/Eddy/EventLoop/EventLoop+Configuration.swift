public import EddyBuffers
internal import EddyRing
internal import EddySystem

extension EventLoop {
    /// The limits of a loop. Every resource that can grow has one.
    ///
    /// Valid values: at least one connection; the window, the watermarks and ``zeroCopyThreshold`` from 1 byte to 1
    /// GiB; a low watermark not above the high one; a pool that may map at least one chunk. Creating a loop with other
    /// values traps.
    public struct Configuration: Sendable {
        /// The maximum number of concurrent connections. The loop closes accepted connections beyond it at once;
        /// connecting throws ``ConnectError/tooManyConnections(limit:)``.
        public var maximumConnections = 65_536
        /// The maximum number of bytes that a connection buffers: received but not read or relayed, plus queued for
        /// sending. At this limit the loop stops receiving, and TCP slows the peer down. Up to one chunk more may still
        /// arrive. The limit is lower while the loop's connections hold much of its memory.
        public var receiveWindow = 512 << 10
        /// The number of bytes queued for sending above which `write` waits. It waits earlier while the loop's
        /// connections hold much of its memory.
        public var highWatermark = 512 << 10
        /// The number of bytes still queued at which a waiting `write` resumes, and at which a relay to this side
        /// resumes.
        public var lowWatermark = 128 << 10
        /// When the kernel sends from the pool's memory without copying it.
        public var zeroCopy = ZeroCopy.automatic
        /// The number of queued bytes from which zero-copy sends are considered.
        public var zeroCopyThreshold = 32 << 10
        /// While closing: how long the peer may accept none of the remaining bytes, and, once it has received all of
        /// them, how long it may take to close its side.
        public var closeTimeout = Duration.seconds(10)
        /// How long connecting may take.
        public var connectTimeout = Duration.seconds(10)
        /// How long connections wait for their peers, unless ``Connection/timeouts`` says otherwise. By default there
        /// is no limit.
        public var timeouts = Connection.Timeouts()
        /// How long receives may wait for memory before connections are reset. The first are those that hold most of
        /// the memory and have made no progress in half of that time; the next ones follow after another tenth of it.
        public var starvationTimeout = Duration.seconds(5)
        /// Whether each loop's thread is pinned to a processor. The first loop of a group gets the first processor that
        /// the process may use, and so on, wrapping around. Useful when nothing else runs on these processors.
        public var isPinned = false
        /// Reports jobs that block a loop. Nil disables the watchdog.
        public var watchdog: EventLoop.Watchdog? = EventLoop.Watchdog()
        /// The loop's memory: up to 128 MiB, or less in a container. The pools of as many loops as the container has
        /// processors take at most a quarter of the container's memory. The rest is for the program and for the
        /// kernel's buffers, which count towards the container's limit as well.
        public var pool = BufferPool.Configuration(
            maximumBytes: Configuration.poolBytes(inContainerOf: ControlGroup.current.memory)
        )

        /// Creates the default configuration.
        public init() {}

        /// The size of a loop's pool in a container with `memory` bytes, rounded down to whole slabs.
        static func poolBytes(
            inContainerOf memory: Int?,
            loops: Int = EventLoopGroup.processorCount
        ) -> Int {
            let most = 128 << 20
            guard let memory else { return most }
            return min(most, max(4 << 20, memory / 4 / loops & ~((2 << 20) - 1)))
        }

        /// When zero-copy sends are used, if the kernel supports them (`RingFeature.zeroCopySends`).
        public enum ZeroCopy: Sendable {
            /// For large sends to other machines, until the kernel reports that it copies them anyway.
            case automatic
            /// For all sends that reach the threshold, even where it is slower. For tests.
            case always
            /// Never: the kernel copies all bytes.
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
