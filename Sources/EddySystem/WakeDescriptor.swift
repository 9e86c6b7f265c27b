internal import CLiburing
internal import Glibc

/// The eventfd(2) by which other threads wake a loop that waits in `enter`.
///
/// The loop keeps a read of ``descriptor`` into ``counter`` in flight. `signal` may be called on any thread for as long as the object lives.
@safe
package final class WakeDescriptor: @unchecked Sendable {
    package let descriptor: Int32
    /// Where the read puts the counter, whose value does not matter.
    package let counter: UnsafeMutablePointer<UInt64>

    /// Opens an eventfd, which is handed to ``init(owning:)``.
    package static func open() throws(SystemError) -> Int32 {
        let descriptor = eventfd(0, Int32(EFD_CLOEXEC))
        guard descriptor >= 0 else { throw .current }
        return descriptor
    }

    /// Takes an eventfd, and closes it in the end.
    package init(owning descriptor: Int32) {
        self.descriptor = descriptor
        unsafe counter = .allocate(capacity: 1)
        unsafe counter.initialize(to: 0)
    }

    deinit {
        close(descriptor)
        unsafe counter.deallocate()
    }

    /// How many signals the read that has completed last brought.
    package var signalCount: UInt64 { unsafe counter.pointee }

    package func signal() {
        var one: UInt64 = 1
        // Would wait if the counter were full. The loop reads it after each signal, so it is 0 or little more.
        unsafe _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }
}
