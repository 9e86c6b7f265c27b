internal import CLiburing
internal import Glibc

/// The eventfd(2) by which other threads wake a loop that waits in `enter`.
///
/// The loop keeps a read of it in flight. `signal` may be called on any thread for as long as the object lives.
@safe
package final class WakeDescriptor: @unchecked Sendable {
    private let descriptor: Int32
    /// Where the read puts the counter, whose value does not matter.
    private let counter: UnsafeMutablePointer<UInt64>

    package init() throws(RingError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC))
        guard descriptor >= 0 else { throw RingError(call: "eventfd", error: .current) }
        unsafe counter = .allocate(capacity: 1)
        unsafe counter.initialize(to: 0)
    }

    deinit {
        close(descriptor)
        unsafe counter.deallocate()
    }

    /// A read that completes with the next signal.
    package func awaitSignal(token: OperationToken) -> SubmissionEntry {
        unsafe .read(descriptor: descriptor, into: counter, byteCount: MemoryLayout<UInt64>.size, token: token)
    }

    /// How many signals the read that has completed last brought.
    package var signalCount: UInt64 { unsafe counter.pointee }

    package func signal() {
        var one: UInt64 = 1
        // Would wait if the counter were full. The loop reads it after each signal, so it is 0 or little more.
        unsafe _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }
}
