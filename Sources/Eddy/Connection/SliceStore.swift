internal import EddyBuffers

/// Slices in order: what a connection has received and nobody has read, or what it has to send.
///
/// The links lie in the loop's ``SliceStore``, so an idle connection's queues take 16 bytes each and nothing else.
struct SliceQueue {
    fileprivate(set) var first: UInt32 = SliceStore.none
    fileprivate(set) var last: UInt32 = SliceStore.none
    fileprivate(set) var count: UInt32 = 0
    /// Bytes in all the slices.
    fileprivate(set) var byteCount: UInt32 = 0

    var isEmpty: Bool { count == 0 }
}

/// The links of all ``SliceQueue``s of a loop: nodes in one growing array, free ones in a list.
///
/// A handle, as ``LoopQueue``. Loop thread only.
@safe
struct SliceStore: ~Copyable {
    static let none = UInt32.max

    @safe
    struct Node {
        var slice: Slice
        var next: UInt32
    }

    @safe
    struct Storage {
        var nodes: UnsafeMutablePointer<Node>
        var capacity: Int
        var firstFree: UInt32
    }

    let storage: UnsafeMutablePointer<Storage>

    init(capacity: Int = 256) {
        unsafe storage = .allocate(capacity: 1)
        unsafe storage.initialize(to: Storage(nodes: .allocate(capacity: capacity), capacity: 0, firstFree: Self.none))
        link(upTo: capacity)
    }

    deinit {
        unsafe storage.pointee.nodes.deallocate()
        unsafe storage.deallocate()
    }

    /// Adds a slice, whose reference the queue takes over. Joins it with the last one when they are neighbours in
    /// memory and `mayMerge`.
    func append(_ slice: Slice, to queue: inout SliceQueue, mayMerge: Bool = false) {
        queue.byteCount += slice.count
        if mayMerge, queue.last != Self.none, unsafe storage.pointee.nodes[Int(queue.last)].slice.merge(slice) {
            return
        }
        let node = takeFree()
        unsafe (storage.pointee.nodes + Int(node)).initialize(to: Node(slice: slice, next: Self.none))
        if queue.last == Self.none {
            queue.first = node
        } else {
            unsafe storage.pointee.nodes[Int(queue.last)].next = node
        }
        queue.last = node
        queue.count += 1
    }

    /// Puts a slice, whose reference the queue takes over, before all others.
    func prepend(_ slice: Slice, to queue: inout SliceQueue) {
        let node = takeFree()
        unsafe (storage.pointee.nodes + Int(node)).initialize(to: Node(slice: slice, next: queue.first))
        queue.first = node
        if queue.last == Self.none { queue.last = node }
        queue.count += 1
        queue.byteCount += slice.count
    }

    /// Takes the first slice out; its reference is the caller's now.
    func popFirst(of queue: inout SliceQueue) -> Slice? {
        guard queue.first != Self.none else { return nil }
        let node = queue.first
        let slice = unsafe storage.pointee.nodes[Int(node)].slice
        queue.first = unsafe storage.pointee.nodes[Int(node)].next
        if queue.first == Self.none { queue.last = Self.none }
        queue.count -= 1
        queue.byteCount -= slice.count
        unsafe storage.pointee.nodes[Int(node)].next = storage.pointee.firstFree
        unsafe storage.pointee.firstFree = node
        return slice
    }

    /// The first slice, which stays in the queue.
    func first(of queue: SliceQueue) -> Slice? {
        queue.first == Self.none ? nil : unsafe storage.pointee.nodes[Int(queue.first)].slice
    }

    /// Calls `body` with the first `limit` slices, in order.
    func forEach(in queue: SliceQueue, limit: Int, _ body: (Slice) -> Void) {
        var node = queue.first
        var left = limit
        while node != Self.none, left > 0 {
            body(unsafe storage.pointee.nodes[Int(node)].slice)
            node = unsafe storage.pointee.nodes[Int(node)].next
            left -= 1
        }
    }

    /// Gives another queue references of its own to the slices that the first `byteCount` bytes lie in. They are
    /// counted without their bytes, which these slices still count.
    func retainFirst(_ byteCount: Int, of queue: SliceQueue, in other: inout SliceQueue) {
        var node = queue.first
        var left = byteCount
        while left > 0, node != Self.none {
            let slice = unsafe storage.pointee.nodes[Int(node)].slice
            if let chunk = slice.chunk {
                chunk.retain()
                append(unsafe Slice(chunk: chunk, start: slice.start, count: slice.count, capacity: 0), to: &other)
            }
            left -= Int(slice.count)
            node = unsafe storage.pointee.nodes[Int(node)].next
        }
    }

    /// Drops the first `byteCount` bytes; slices that are gone altogether go back to their pool.
    func removeFirst(_ byteCount: Int, of queue: inout SliceQueue) {
        var left = byteCount
        while left > 0, let slice = first(of: queue) {
            guard Int(slice.count) <= left else {
                unsafe storage.pointee.nodes[Int(queue.first)].slice.removeFirst(left)
                queue.byteCount -= UInt32(left)
                return
            }
            left -= Int(slice.count)
            popFirst(of: &queue)?.drop()
        }
    }

    /// Drops all of it.
    func removeAll(of queue: inout SliceQueue) {
        while let slice = popFirst(of: &queue) { slice.drop() }
    }

    private func takeFree() -> UInt32 {
        if unsafe storage.pointee.firstFree == Self.none { grow() }
        let node = unsafe storage.pointee.firstFree
        unsafe storage.pointee.firstFree = storage.pointee.nodes[Int(node)].next
        return node
    }

    /// The queues are bounded by their connections' watermarks, and so are the nodes.
    @inline(never)
    private func grow() {
        let old = unsafe storage.pointee
        let nodes = UnsafeMutablePointer<Node>.allocate(capacity: old.capacity * 2)
        unsafe nodes.moveInitialize(from: old.nodes, count: old.capacity)
        unsafe old.nodes.deallocate()
        unsafe storage.pointee.nodes = nodes
        link(upTo: old.capacity * 2)
    }

    /// Makes the nodes behind the current capacity free ones.
    private func link(upTo capacity: Int) {
        for index in (unsafe storage.pointee.capacity..<capacity).reversed() {
            let node = unsafe Node(slice: .empty, next: storage.pointee.firstFree)
            unsafe (storage.pointee.nodes + index).initialize(to: node)
            unsafe storage.pointee.firstFree = UInt32(index)
        }
        unsafe storage.pointee.capacity = capacity
    }
}
