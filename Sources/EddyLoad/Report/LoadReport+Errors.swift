extension LoadReport {
    /// Errors by kind. A connection that breaks is one error, regardless of how many requests it had outstanding.
    public struct Errors: Sendable, Codable, Equatable {
        /// Connections that could not be reconnected.
        public var connect: UInt64 = 0
        /// Connections that the server reset, or closed with replies outstanding.
        public var closed: UInt64 = 0
        /// Connections whose last replies did not arrive within 5 seconds of the end.
        public var timeout: UInt64 = 0
        /// Replies that differed from what was sent. The first one ends the test.
        public var verification: UInt64 = 0

        /// No errors.
        public init() {}

        /// Errors of all kinds.
        public var total: UInt64 { connect + closed + timeout + verification }

        mutating func add(_ other: Errors) {
            connect += other.connect
            closed += other.closed
            timeout += other.timeout
            verification += other.verification
        }
    }
}
