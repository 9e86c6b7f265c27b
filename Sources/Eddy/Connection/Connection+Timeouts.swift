extension Connection {
    /// How long a connection waits for its peer. Nil: for ever.
    ///
    /// They are measured on the loop's clock, which stands still within an iteration: a wait begins with the iteration
    /// in which it began.
    public struct Timeouts: Equatable, Sendable {
        /// How long a read may wait for bytes. Then it throws ``ConnectionError/readTimedOut``; the connection is as it
        /// was, no byte is lost, and it can be read again.
        ///
        /// Each wait counts for itself, so a peer that sends a byte now and then is not caught. Give the whole of a
        /// request a limit with ``Connection/withReadDeadline(after:_:)``.
        public var read: Duration?
        /// How long the peer may take nothing of what is queued for it. Then the connection is reset, and whoever uses
        /// it gets ``ConnectionError/writeTimedOut``. What the system's own buffer has room for counts as taken.
        ///
        /// The loop looks at a stalled connection four times in this span, so it may take a quarter as long again.
        public var write: Duration?
        /// How long no byte may move either way. Then the connection is reset, and whoever uses it gets
        /// ``ConnectionError/idleTimedOut``. While something is queued, it may take a quarter as long again, as
        /// ``write`` may.
        public var idle: Duration?

        /// Limits those waits that have a duration.
        public init(read: Duration? = nil, write: Duration? = nil, idle: Duration? = nil) {
            self.read = read
            self.write = write
            self.idle = idle
        }
    }

    /// How long this connection waits for its peer; at first as ``EventLoop/Configuration/timeouts`` says.
    ///
    /// ```swift
    /// connection.timeouts.read = .seconds(30)
    /// ```
    ///
    /// A change holds at once, and what has waited begins anew.
    ///
    /// - Precondition: on the connection's loop, as everything of a connection.
    public var timeouts: Timeouts {
        get {
            handle.isOnLoopThread ? loop.driver.timeouts(of: id) : Timeouts()
        }
        nonmutating set {
            if handle.isOnLoopThread { loop.driver.setTimeouts(newValue, of: id) }
        }
    }
}
