package import EddySystem

/// Nanoseconds, for tests with a clock of their own.
extension Instant: ExpressibleByIntegerLiteral {
    package init(integerLiteral nanoseconds: UInt64) { self.init(nanoseconds: nanoseconds) }
}
