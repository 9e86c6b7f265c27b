/// What one direction of a connection is like.
package struct SimulatedLine: Sendable {
    /// Nanoseconds that a byte is on its way.
    package var latency: UInt64 = 50_000
    /// Nanoseconds between a byte and the next.
    package var nanosecondsPerByte: UInt64 = 1
    /// Bytes that are taken from the sender before the receiver's side has them.
    package var sendBuffer = 64 << 10
    /// Bytes that the receiver's side keeps for it.
    package var receiveBuffer = 64 << 10

    package init() {}
}
