internal import EddyBuffers

/// A first-in, first-out queue of work for a loop's thread: a growing ring buffer of jobs (pieces of tasks between two
/// suspensions) or of connections. Each element is queued at most once, so the queue is bounded by the number of tasks,
/// or of connections.
///
/// The state is behind a pointer, so that a `let` of this type can be used without an exclusivity check. Loop thread
/// only.
@safe
struct LoopQueue<Element: BitwiseCopyable>: ~Copyable {
    @safe
    private struct Storage {
        var elements: UnsafeMutablePointer<Element>
        /// A power of two.
        var capacity: Int
        var head = 0
        var count = 0
    }

    private let storage: UnsafeMutablePointer<Storage>

    init(capacity: Int = 256) {
        require(capacity > 0 && capacity & (capacity - 1) == 0, "a queue has room for a power of two")
        unsafe storage = .allocate(capacity: 1)
        unsafe storage.initialize(to: Storage(elements: .allocate(capacity: capacity), capacity: capacity))
    }

    deinit {
        unsafe storage.pointee.elements.deallocate()
        unsafe storage.deallocate()
    }

    var isEmpty: Bool { unsafe storage.pointee.count == 0 }
    var count: Int { unsafe storage.pointee.count }

    /// The oldest element.
    var first: Element? {
        isEmpty ? nil : unsafe storage.pointee.elements[storage.pointee.head]
    }

    func append(_ element: Element) {
        if unsafe storage.pointee.count == storage.pointee.capacity { grow() }
        let index = unsafe (storage.pointee.head + storage.pointee.count) & (storage.pointee.capacity - 1)
        unsafe storage.pointee.elements[index] = element
        unsafe storage.pointee.count += 1
    }

    func popFirst() -> Element? {
        guard unsafe storage.pointee.count > 0 else { return nil }
        let index = unsafe storage.pointee.head
        unsafe storage.pointee.head = (index + 1) & (storage.pointee.capacity - 1)
        unsafe storage.pointee.count -= 1
        return unsafe storage.pointee.elements[index]
    }

    @inline(never)
    private func grow() {
        let old = unsafe storage.pointee
        let elements = UnsafeMutablePointer<Element>.allocate(capacity: old.capacity * 2)
        for offset in 0..<old.count {
            unsafe elements[offset] = old.elements[(old.head + offset) & (old.capacity - 1)]
        }
        unsafe old.elements.deallocate()
        unsafe storage.pointee.elements = elements
        unsafe storage.pointee.capacity = old.capacity * 2
        unsafe storage.pointee.head = 0
    }
}
