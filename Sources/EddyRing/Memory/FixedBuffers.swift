package import EddyBuffers
package import EddySystem

/// The pool's slabs registered with the kernel as fixed buffers: pinned once, so that zero-copy sends and reads of
/// files need not pin them for each operation (`io_uring_registered_buffers(7)`).
///
/// Registering pins memory and counts against the user's limit of locked memory, of which rings take their part,
/// too: so no more than a quarter of the limit is used for it. It is never necessary: where it is refused, slabs stay
/// unregistered and everything works without the gain.
package struct FixedBuffers: ~Copyable {
    /// Slabs that are registered: the pool's first ones.
    package private(set) var registeredSlabs = 0
    /// Why no (more) slabs are registered, for example ENOMEM: the limit of locked memory (`ulimit -l`) is too low for
    /// them; or EOPNOTSUPP: the engine has no such thing, or must not use it. Nil while none was refused.
    package private(set) var refusal: SystemError?

    /// Their bytes, which are pinned.
    package private(set) var registeredBytes = 0

    private let ring: Ring
    private static let tableSize = 64

    /// Makes the ring's table of buffers, which is empty at first, and stays empty unless `isEnabled`.
    package init(ring: Ring, isEnabled: Bool = true) {
        self.ring = ring
        guard isEnabled else {
            refusal = .notSupported
            return
        }
        let result = ring.engine.registerFixedBufferTable(count: UInt32(Self.tableSize))
        if result != 0 { refusal = SystemError(-result) }
    }

    deinit {
        LockedMemory.giveBack(registeredBytes)
    }

    /// The registered slab of the pool that the slice's memory lies in, which names it in operations; nil if none.
    package func index(of slice: Slice, in pool: BufferPool) -> UInt16? {
        let start = unsafe UInt(bitPattern: slice.start)
        for index in 0..<registeredSlabs {
            guard let slab = unsafe pool.slabMemory(at: index) else { continue }
            let base = UInt(bitPattern: slab.baseAddress)
            if start >= base, start - base < UInt(slab.count) { return UInt16(index) }
        }
        return nil
    }

    /// Registers slabs that the pool has mapped since the last call. Costs nothing when there are none.
    package mutating func register(slabsOf pool: BufferPool) {
        while refusal == nil, registeredSlabs < min(pool.slabCount, Self.tableSize) {
            guard let slab = unsafe pool.slabMemory(at: registeredSlabs) else { return }
            guard LockedMemory.reserve(slab.count) else {
                refusal = .outOfMemory
                return
            }
            let memory = UnsafeRawBufferPointer(slab)
            let result = unsafe ring.engine.registerFixedBuffer(memory, index: UInt32(registeredSlabs))
            if result == 1 {
                registeredSlabs += 1
                registeredBytes += slab.count
                pool.pinSlabs(registeredSlabs)
            } else {
                LockedMemory.giveBack(slab.count)
                refusal = result < 0 ? SystemError(-result) : .outOfMemory
            }
        }
    }
}
