internal import CLiburing
package import EddyBuffers

/// The pool's slabs registered with the kernel as fixed buffers: pinned once, so that zero-copy sends and reads of
/// files need not pin them for each operation (`io_uring_registered_buffers(7)`).
///
/// Registering pins memory and counts against the limit of locked memory. It is never necessary: where it is
/// refused, slabs stay unregistered and everything works without the gain.
package struct FixedBuffers: ~Copyable {
    /// How registering went.
    package enum Outcome: Equatable, Sendable {
        case registered(slabs: Int)
        /// The kernel refused; the remedy is in the description.
        case refused(SystemError)
        case none
    }

    package private(set) var outcome = Outcome.none
    private let ring: Ring
    private static let tableSize: UInt32 = 64

    package init(ring: Ring) {
        self.ring = ring
    }

    /// Registers slabs that the pool has mapped since the last call.
    package mutating func register(slabsOf pool: BufferPool) {
        var registered = 0
        switch outcome {
        case .refused: return
        case .registered(let slabs): registered = slabs
        case .none:
            let result = unsafe io_uring_register_buffers_sparse(ring.engine.ring, Self.tableSize)
            guard result == 0 else {
                outcome = .refused(SystemError(-result))
                return
            }
        }
        for unsafeslab in unsafe pool.slabMemory.dropFirst(registered) where registered < Int(Self.tableSize) {
            var vector = unsafe iovec(iov_base: slab.base, iov_len: slab.byteCount)
            let result = unsafe io_uring_register_buffers_update_tag(
                ring.engine.ring,
                UInt32(registered),
                &vector,
                nil,
                1
            )
            guard result == 1 else {
                outcome = registered > 0 ? .registered(slabs: registered) : .refused(SystemError(-result))
                if registered == 0 { unsafe _ = io_uring_unregister_buffers(ring.engine.ring) }
                return
            }
            registered += 1
        }
        outcome = .registered(slabs: registered)
    }
}
