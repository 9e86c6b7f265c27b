internal import CLiburing
internal import Glibc

/// The eventfd(2) with which other threads wake a loop that waits in `enter`.
///
/// The loop keeps a read of ``descriptor`` into ``counter`` in flight. `signal` may be called on any thread during the
/// lifetime of the object.
@safe
package final class WakeDescriptor: @unchecked Sendable {
    package let descriptor: Int32
    /// The destination of the read. The value does not matter.
    package let counter: UnsafeMutablePointer<UInt64>

    /// Opens an eventfd for ``init(owning:)``.
    package static func open() throws(SystemError) -> Int32 {
        let descriptor = eventfd(0, Int32(EFD_CLOEXEC))
        guard descriptor >= 0 else { throw .current }
        return descriptor
    }

    /// Takes ownership of an eventfd, and closes it on deinitialization.
    package init(owning descriptor: Int32) {
        self.descriptor = descriptor
        unsafe counter = .allocate(capacity: 1)
        unsafe counter.initialize(to: 0)
    }

    deinit {
        close(descriptor)
        unsafe counter.deallocate()
    }

    /// The number of signals that the latest read returned.
    package var signalCount: UInt64 { unsafe counter.pointee }

    package func signal() {
        var one: UInt64 = 1
        // The write would block if the counter were full. The loop reads it after each signal, so it stays near 0.
        unsafe _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }
}
