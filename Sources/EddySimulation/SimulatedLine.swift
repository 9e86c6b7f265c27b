/// The properties of one direction of a connection.
package struct SimulatedLine: Sendable {
    /// The latency of a byte, in nanoseconds.
    package var latency: UInt64 = 50_000
    /// Nanoseconds between successive bytes.
    package var nanosecondsPerByte: UInt64 = 1
    /// The capacity for bytes that the sender has written and the receiver's side has not taken.
    package var sendBuffer = 64 << 10
    /// The capacity for bytes that the receiver has not read.
    package var receiveBuffer = 64 << 10

    package init() {}
}
