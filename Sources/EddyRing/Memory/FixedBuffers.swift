package import EddyBuffers
package import EddySystem

/// The pool's slabs registered with the kernel as fixed buffers: pinned once, so that zero-copy sends and reads of
/// files need not pin them for each operation (`io_uring_registered_buffers(7)`).
///
/// Registration pins memory and counts against the user's limit of locked memory, which the rings also need, so it uses
/// at most a quarter of the limit. It is optional: if it is refused, slabs stay unregistered and everything works
/// without the gain.
package struct FixedBuffers: ~Copyable {
    /// The number of registered slabs, which are the pool's first ones.
    package private(set) var registeredSlabs = 0
    /// Why no (more) slabs are registered: for example ENOMEM if the limit of locked memory (`ulimit -l`) is too low,
    /// or EOPNOTSUPP if the engine has no fixed buffers or must not use them. Nil if none was refused.
    package private(set) var refusal: SystemError?

    /// The number of registered, pinned bytes.
    package private(set) var registeredBytes = 0

    private let ring: Ring
    private static let tableSize = 64

    /// Registers an empty table of buffers, if `isEnabled`.
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
        LockedMemory.release(registeredBytes)
    }

    /// The index of the registered slab that contains the slice's memory, for use in operations; nil if none does.
    package func index(of slice: Slice, in pool: BufferPool) -> UInt16? {
        let start = unsafe UInt(bitPattern: slice.start)
        for index in 0..<registeredSlabs {
            guard let slab = unsafe pool.slabMemory(at: index) else { continue }
            let base = UInt(bitPattern: slab.baseAddress)
            if start >= base, start - base < UInt(slab.count) { return UInt16(index) }
        }
        return nil
    }

    /// Registers slabs that the pool has mapped since the last call. Free of cost if there are none.
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
                LockedMemory.release(slab.count)
                refusal = result < 0 ? SystemError(-result) : .outOfMemory
            }
        }
    }
}
