package import EddySystem

// The seam for engines of other modules, such as the simulation's:
//
//     Ring ──▶ RingEngine ──┬─▶ KernelEngine     direct calls
//                           ├─▶ EpollEngine      direct calls
//                           └─▶ any ExternalEngine ──▶ its network, in place of the system's sockets and clock

/// An engine of another module, with a network of its own.
///
/// The engine fulfils the contract in the article "What an engine promises", posts completions only within `enter`,
/// accepts absolute deadlines, and has no fixed buffers.
package protocol ExternalEngine: AnyObject {
    var kind: EngineKind { get }
    /// The memory of the two queues, shared with the ring. The engine frees it.
    var queues: RingQueues { get }
    /// The network that owns the engine's descriptors and clock.
    var externalNetwork: any ExternalNetwork { get }
    /// Descriptions of the operations whose last completion has not been posted to the queue.
    var operationsInFlight: [String] { get }

    /// Submits the queued entries, then waits for completions until the deadline.
    ///
    /// - Returns: entries submitted, or the negated error number.
    func enter(waitFor count: UInt32, deadline: Instant?) -> Int32

    /// Registers a provided-buffer ring, as io_uring_register(2) does. Returns 0 or a negated error number.
    func registerBufferRing(
        _ memory: UnsafeMutableRawPointer,
        count: UInt16,
        group: UInt16,
        incremental: Bool
    ) -> Int32

    func unregisterBufferRing(group: UInt16)
}

/// The sockets and the clock of an ``ExternalEngine``. The ring uses them in place of ``Socket`` and
/// ``MonotonicClock``.
package protocol ExternalNetwork: AnyObject {
    /// The current time of a clock in place of CLOCK_MONOTONIC.
    var now: Instant { get }

    func openStream() throws(SystemError) -> Int32
    /// Replaces setting a socket option, which external sockets do not support. It only checks that the descriptor is
    /// open.
    func requireOpen(_ descriptor: Int32)
    func bind(_ descriptor: Int32, to address: SocketAddress)
    func localAddress(of descriptor: Int32) -> SocketAddress?
    func remoteAddress(of descriptor: Int32) -> SocketAddress?
    func shutdownWrite(_ descriptor: Int32)
    func resetOnClose(_ descriptor: Int32)
    func close(_ descriptor: Int32)
    func unacknowledgedBytes(_ descriptor: Int32) -> Int?
    func bytesToReceive(_ descriptor: Int32) -> Int
    func acknowledgedBytes(_ descriptor: Int32) -> UInt64
    /// Returns and clears the socket's pending error, which is reported once.
    func takeError(of descriptor: Int32) -> SystemError?
}
