/// Slots of connections that wait for something, first in, first out: a growing ring of indices.
///
/// A handle, as ``JobQueue``. Loop thread only. It never holds more than there are connections, because each slot
/// has a flag that says whether it is in the queue.
@safe
struct SlotQueue: ~Copyable {
    @safe
    private struct Storage {
        var slots: UnsafeMutablePointer<UInt32>
        var capacity: Int
        var head = 0
        var count = 0
    }

    private let storage: UnsafeMutablePointer<Storage>

    init(capacity: Int = 256) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0)
        unsafe storage = .allocate(capacity: 1)
        unsafe storage.initialize(to: Storage(slots: .allocate(capacity: capacity), capacity: capacity))
    }

    deinit {
        unsafe storage.pointee.slots.deallocate()
        unsafe storage.deallocate()
    }

    var isEmpty: Bool { unsafe storage.pointee.count == 0 }
    var count: Int { unsafe storage.pointee.count }

    func append(_ slot: UInt32) {
        if unsafe storage.pointee.count == storage.pointee.capacity { grow() }
        let index = unsafe (storage.pointee.head + storage.pointee.count) & (storage.pointee.capacity - 1)
        unsafe storage.pointee.slots[index] = slot
        unsafe storage.pointee.count += 1
    }

    func popFirst() -> UInt32? {
        guard unsafe storage.pointee.count > 0 else { return nil }
        let index = unsafe storage.pointee.head
        unsafe storage.pointee.head = (index + 1) & (storage.pointee.capacity - 1)
        unsafe storage.pointee.count -= 1
        return unsafe storage.pointee.slots[index]
    }

    @inline(never)
    private func grow() {
        let old = unsafe storage.pointee
        let slots = UnsafeMutablePointer<UInt32>.allocate(capacity: old.capacity * 2)
        for offset in 0..<old.count {
            unsafe slots[offset] = old.slots[(old.head + offset) & (old.capacity - 1)]
        }
        unsafe old.slots.deallocate()
        unsafe storage.pointee.slots = slots
        unsafe storage.pointee.capacity = old.capacity * 2
        unsafe storage.pointee.head = 0
    }
}
