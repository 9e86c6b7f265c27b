internal import EddyBuffers

/// Slices in order: received and unread bytes of a connection, or bytes that it has to send.
///
/// The links lie in the loop's ``SliceStore``, so an idle connection's queues take only 16 bytes each.
struct SliceQueue {
    fileprivate(set) var first: UInt32 = SliceStore.none
    fileprivate(set) var last: UInt32 = SliceStore.none
    fileprivate(set) var count: UInt32 = 0
    /// Bytes in all the slices.
    fileprivate(set) var byteCount: UInt32 = 0

    var isEmpty: Bool { count == 0 }

    /// Bytes charged for the queue: those of its slices, and the overhead of each slice.
    var footprint: Int { Int(byteCount) + Int(count) * SliceStore.costOfSlice }
}

// Each slice takes a node, and may take a chunk of its own. So small slices that are not adjacent in memory are copied
// together, once a queue has several slices:
//
//     [ a ][ b ][ c ][ d ]  +  [ e ]   ──▶   [ a ][ b ][ c ][ de ··········· ]   ◀── the next small slices
//
// The copy has room to grow and doubles when it is full, up to a page: so a queue of single bytes takes one slice per
// page.

/// The links of all ``SliceQueue``s of a loop: nodes in one growing array, free ones in a list.
///
/// A handle, like ``LoopQueue``. Loop thread only.
@safe
struct SliceStore: ~Copyable {
    static let none = UInt32.max
    /// Overhead of a slice in bytes: its node, and the state of a chunk that it may be the only slice of.
    static let costOfSlice = 128
    /// The number of slices before small ones are copied together, the largest such slice, and the largest copy.
    private static let sliceCountBeforeCoalescing: UInt32 = 4
    private static let largestCoalesced: UInt32 = 1024
    private static let coalescedSize: UInt32 = 4096
    private static let smallestCapacity = 256

    @safe
    struct Node {
        var slice: Slice
        var next: UInt32
        /// Bytes charged for the slice until all of it has been removed.
        var charge: UInt32 = 0
    }

    @safe
    struct Storage {
        var nodes: UnsafeMutablePointer<Node>
        var capacity: Int
        var firstFree: UInt32
        /// Nodes in use.
        var count = 0
        /// The sum of the charges of the slices of all queues.
        var charge = 0
    }

    let storage: UnsafeMutablePointer<Storage>
    /// The pool for copies; nil: no copies are made. It outlives the store.
    private let pool: Unmanaged<BufferPool>?

    init(capacity: Int = smallestCapacity, pool: BufferPool? = nil) {
        unsafe self.pool = pool.map { unsafe Unmanaged.passUnretained($0) }
        unsafe storage = .allocate(capacity: 1)
        unsafe storage.initialize(to: Storage(nodes: .allocate(capacity: capacity), capacity: 0, firstFree: Self.none))
        link(upTo: capacity)
    }

    deinit {
        unsafe storage.pointee.nodes.deallocate()
        unsafe storage.deallocate()
    }

    /// Bytes charged for all queues.
    var footprint: Int { unsafe storage.pointee.charge + storage.pointee.count * Self.costOfSlice }

    /// The charge of a slice: its memory. A large buffer of the program's own counts in part: one write is accepted as
    /// a whole, and must not make memory scarce for all connections.
    private static func charge(of slice: Slice) -> UInt32 {
        slice.count <= largestProgramCharge || slice.holdsReceivedBytes ? slice.count : largestProgramCharge
    }

    private static let largestProgramCharge: UInt32 = 64 << 10

    /// Adds a slice, whose reference the queue takes over. If `mayMerge`, joins it with the last slice: directly if
    /// they are adjacent in memory, or by copying if both are small.
    func append(_ slice: Slice, to queue: inout SliceQueue, mayMerge: Bool = false) {
        queue.byteCount += slice.count
        let charge = Self.charge(of: slice)
        unsafe storage.pointee.charge += Int(charge)
        if mayMerge, queue.last != Self.none {
            if unsafe storage.pointee.nodes[Int(queue.last)].slice.merge(slice) {
                unsafe storage.pointee.nodes[Int(queue.last)].charge += charge
                return
            }
            if queue.count >= Self.sliceCountBeforeCoalescing, slice.count <= Self.largestCoalesced,
                coalesce(slice, with: queue.last)
            {
                return
            }
        }
        let node = takeFree()
        unsafe (storage.pointee.nodes + Int(node)).initialize(to: Node(slice: slice, next: Self.none, charge: charge))
        if queue.last == Self.none {
            queue.first = node
        } else {
            unsafe storage.pointee.nodes[Int(queue.last)].next = node
        }
        queue.last = node
        queue.count += 1
    }

    /// Appends a copy of a small slice to the slice of a node; false if that one is too large, or there is no memory.
    @inline(never)
    private func coalesce(_ slice: Slice, with node: UInt32) -> Bool {
        var whole = unsafe storage.pointee.nodes[Int(node)].slice
        let byteCount = whole.count + slice.count
        guard byteCount <= Self.coalescedSize else { return false }
        if whole.capacity - whole.count < slice.count {
            let capacity = min(Self.coalescedSize, max(256, 2 * byteCount))
            guard let pool = unsafe pool,
                var copy = unsafe pool._withUnsafeGuaranteedRef({ $0.allocateCopy(Int(capacity)) })
            else { return false }
            copy.append(whole, count: Int(whole.count))
            whole.drop()
            whole = copy
        }
        whole.append(slice, count: Int(slice.count))
        slice.drop()
        unsafe storage.pointee.nodes[Int(node)].slice = whole
        unsafe storage.pointee.nodes[Int(node)].charge += slice.count
        return true
    }

    /// Puts a slice, whose reference the queue takes over, in front of all others.
    func prepend(_ slice: Slice, to queue: inout SliceQueue) {
        let node = takeFree()
        let charge = Self.charge(of: slice)
        unsafe (storage.pointee.nodes + Int(node)).initialize(to: Node(slice: slice, next: queue.first, charge: charge))
        queue.first = node
        if queue.last == Self.none { queue.last = node }
        queue.count += 1
        queue.byteCount += slice.count
        unsafe storage.pointee.charge += Int(charge)
    }

    /// Takes out the first slice, whose reference passes to the caller.
    func popFirst(of queue: inout SliceQueue) -> Slice? {
        guard queue.first != Self.none else { return nil }
        let node = queue.first
        let slice = unsafe storage.pointee.nodes[Int(node)].slice
        queue.first = unsafe storage.pointee.nodes[Int(node)].next
        if queue.first == Self.none { queue.last = Self.none }
        queue.count -= 1
        queue.byteCount -= slice.count
        unsafe storage.pointee.charge -= Int(storage.pointee.nodes[Int(node)].charge)
        unsafe storage.pointee.count -= 1
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

    /// Gives another queue its own references to the slices that contain the first `byteCount` bytes. Both queues are
    /// charged for them.
    func retainFirst(_ byteCount: Int, of queue: SliceQueue, in other: inout SliceQueue) {
        var node = queue.first
        var left = byteCount
        while left > 0, node != Self.none {
            let slice = unsafe storage.pointee.nodes[Int(node)].slice
            if let chunk = slice.chunk {
                chunk.retain()
                let count = UInt32(min(left, Int(slice.count)))
                append(unsafe Slice(chunk: chunk, start: slice.start, count: count, capacity: 0), to: &other)
            }
            left -= Int(slice.count)
            node = unsafe storage.pointee.nodes[Int(node)].next
        }
    }

    /// Drops the first `byteCount` bytes; slices that are removed as a whole return to their pool.
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

    /// Drops all slices.
    func removeAll(of queue: inout SliceQueue) {
        while let slice = popFirst(of: &queue) { slice.drop() }
    }

    private func takeFree() -> UInt32 {
        if unsafe storage.pointee.firstFree == Self.none { grow() }
        let node = unsafe storage.pointee.firstFree
        unsafe storage.pointee.firstFree = storage.pointee.nodes[Int(node)].next
        unsafe storage.pointee.count += 1
        return node
    }

    /// Grows the node array. The queues are bounded by the loop's budget, in which each slice counts, and so are the
    /// nodes.
    @inline(never)
    private func grow() {
        let old = unsafe storage.pointee
        let nodes = UnsafeMutablePointer<Node>.allocate(capacity: old.capacity * 2)
        unsafe nodes.moveInitialize(from: old.nodes, count: old.capacity)
        unsafe old.nodes.deallocate()
        unsafe storage.pointee.nodes = nodes
        link(upTo: old.capacity * 2)
    }

    /// Adds the nodes beyond the current capacity to the free list.
    private func link(upTo capacity: Int) {
        for index in (unsafe storage.pointee.capacity..<capacity).reversed() {
            let node = unsafe Node(slice: .empty, next: storage.pointee.firstFree)
            unsafe (storage.pointee.nodes + index).initialize(to: node)
            unsafe storage.pointee.firstFree = UInt32(index)
        }
        unsafe storage.pointee.capacity = capacity
    }

    // MARK: Shrinking

    /// Whether ``shrink(visitingQueues:)`` may release memory.
    var mayShrink: Bool { unsafe storage.pointee.capacity > Self.smallestCapacity }

    /// Releases nodes that have not been needed since the last burst: at most half of the remaining nodes are free.
    ///
    /// - Parameter visit: calls its closure argument with every queue of the store.
    func shrink(visitingQueues visit: ((inout SliceQueue) -> Void) -> Void) {
        let (count, capacity) = unsafe (storage.pointee.count, storage.pointee.capacity)
        guard capacity > Self.smallestCapacity, count < capacity / 4 else { return }
        let old = unsafe storage.pointee.nodes
        var newCapacity = Self.smallestCapacity
        while newCapacity < 2 * count { newCapacity *= 2 }
        let nodes = UnsafeMutablePointer<Node>.allocate(capacity: newCapacity)
        var used = 0
        visit { queue in
            var node = queue.first
            queue.first = node == Self.none ? Self.none : UInt32(used)
            while node != Self.none {
                let (slice, next, charge) = unsafe (old[Int(node)].slice, old[Int(node)].next, old[Int(node)].charge)
                let link = next == Self.none ? Self.none : UInt32(used + 1)
                unsafe (nodes + used).initialize(to: Node(slice: slice, next: link, charge: charge))
                used += 1
                node = next
            }
            queue.last = queue.first == Self.none ? Self.none : UInt32(used - 1)
        }
        require(used == count, "every queue of the store is visited")
        unsafe old.deallocate()
        unsafe storage.pointee.nodes = nodes
        unsafe storage.pointee.firstFree = Self.none
        unsafe storage.pointee.capacity = used
        link(upTo: newCapacity)
    }
}

extension Slice {
    /// Whether its memory was filled by receives, or by copies of received bytes.
    fileprivate var holdsReceivedBytes: Bool { chunk?.holdsReceivedBytes ?? false }

    /// Copies the first `count` bytes of another slice to the end of this one.
    mutating func append(_ other: Slice, count byteCount: Int) {
        require(byteCount <= Int(capacity - count), "a slice holds what it has room for")
        unsafe end.copyMemory(from: other.start, byteCount: byteCount)
        count += UInt32(byteCount)
    }
}
