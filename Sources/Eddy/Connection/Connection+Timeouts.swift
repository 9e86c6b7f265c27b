extension Connection {
    /// How long a connection waits for its peer. Nil: no limit.
    ///
    /// Timeouts are measured on the loop's clock, which does not advance within an iteration: a wait starts at the time
    /// of its iteration.
    public struct Timeouts: Equatable, Sendable {
        /// How long a read may wait for bytes. Then it throws ``ConnectionError/readTimedOut``; the connection is
        /// unchanged, no byte is lost, and it can be read again.
        ///
        /// Each wait is timed separately, so a peer that occasionally sends a byte never times out. Limit the time of a
        /// whole request with ``ConnectionReading/withReadDeadline(after:_:)``.
        public var read: Duration?
        /// How long the peer may accept none of the queued bytes. Then the connection is reset, and its operations
        /// throw ``ConnectionError/writeTimedOut``. Bytes that fit into the kernel's send buffer count as accepted.
        ///
        /// The loop checks a stalled connection four times in this span, so the timeout may take a quarter longer.
        public var write: Duration?
        /// How long no byte may move in either direction. Then the connection is reset, and its operations throw
        /// ``ConnectionError/idleTimedOut``. While bytes are queued it may take a quarter longer, as ``write`` may.
        public var idle: Duration?

        /// Creates timeouts; nil means no limit.
        public init(read: Duration? = nil, write: Duration? = nil, idle: Duration? = nil) {
            self.read = read
            self.write = write
            self.idle = idle
        }
    }

    /// How long this connection waits for its peer; initially ``EventLoop/Configuration/timeouts``.
    ///
    /// ```swift
    /// connection.timeouts.read = .seconds(30)
    /// ```
    ///
    /// A change takes effect at once and restarts the current waits.
    ///
    /// - Precondition: called on the connection's loop.
    public var timeouts: Timeouts {
        get {
            handle.isOnLoopThread ? loop.driver.timeouts(of: id) : Timeouts()
        }
        nonmutating set {
            if handle.isOnLoopThread { loop.driver.setTimeouts(newValue, of: id) }
        }
    }
}
