extension LoadReport {
    /// What went wrong, by its kind. A connection that breaks is one error, however many requests it had outstanding.
    public struct Errors: Sendable, Codable, Equatable {
        /// Connections that could not be made again.
        public var connect: UInt64 = 0
        /// Connections that the server reset, or closed with replies outstanding.
        public var closed: UInt64 = 0
        /// Connections whose last replies did not come within 5 seconds of the end.
        public var timeout: UInt64 = 0
        /// Replies that were not what had been sent. The first one ends the test.
        public var verification: UInt64 = 0

        /// No errors.
        public init() {}

        /// All of them.
        public var total: UInt64 { connect + closed + timeout + verification }

        mutating func add(_ other: Errors) {
            connect += other.connect
            closed += other.closed
            timeout += other.timeout
            verification += other.verification
        }
    }
}
