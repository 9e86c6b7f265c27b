internal import Glibc

// Waiting operations, in slots that are reused. Each is found in two ways:
//
//     its queue     head ──▶ slot ──▶ slot        operations that wait for one direction of a descriptor, oldest first
//     its token     bucket ──▶ slot ──▶ slot      the operation that a cancellation names

/// The state of an operation that could not complete at once.
@safe
struct WaitingOperation {
    var entry: SubmissionEntry
    /// Bytes that a send has sent or a multishot receive has received.
    var progress: UInt32
    /// The unsent vectors of a message. A copy, since the submitter's vectors are valid only until `enter` returns.
    var vectors: UnsafeMutableBufferPointer<iovec>?
    /// The next operation of the same descriptor queue; for a free slot, the next free slot.
    fileprivate(set) var next = OperationTable.none
    fileprivate var nextInBucket = OperationTable.none

    init(_ entry: SubmissionEntry, progress: UInt32 = 0) {
        self.entry = entry
        self.progress = progress
    }
}

/// The waiting operations of an epoll engine. Allocates only when more operations wait than ever before.
@safe
final class OperationTable {
    static let none = UInt32.max

    private(set) var count = 0
    private var slots: UnsafeMutablePointer<WaitingOperation>
    private var buckets: UnsafeMutablePointer<UInt32>
    /// The number of slots and of buckets, a power of two.
    private var capacity: Int
    private var firstFree = OperationTable.none
    /// The first slot that was never used.
    private var untouched = 0

    init(capacity: Int = 64) {
        self.capacity = capacity
        unsafe slots = .allocate(capacity: capacity)
        unsafe buckets = .allocate(capacity: capacity)
        unsafe buckets.initialize(repeating: Self.none, count: capacity)
    }

    deinit {
        while let slot = any() { remove(slot) }
        unsafe slots.deallocate()
        unsafe buckets.deallocate()
    }

    subscript(slot: UInt32) -> WaitingOperation {
        unsafeAddress { unsafe UnsafePointer(slots + Int(slot)) }
        unsafeMutableAddress { unsafe slots + Int(slot) }
    }

    // MARK: Inserting and removing

    /// Appends an operation to the queue that begins at `head`.
    func append(_ operation: WaitingOperation, to head: inout UInt32) -> UInt32 {
        let slot = insert(operation)
        guard head != Self.none else {
            head = slot
            return slot
        }
        var last = head
        while self[last].next != Self.none { last = self[last].next }
        self[last].next = slot
        return slot
    }

    /// Inserts an operation that belongs to no descriptor queue.
    func insert(_ operation: WaitingOperation) -> UInt32 {
        if firstFree == Self.none, untouched == capacity { grow() }
        let slot: UInt32
        if firstFree != Self.none {
            slot = firstFree
            firstFree = self[slot].next
        } else {
            slot = UInt32(untouched)
            untouched += 1
        }
        unsafe (slots + Int(slot)).initialize(to: operation)
        self[slot].next = Self.none
        link(slot)
        count += 1
        return slot
    }

    /// Removes an operation from the queue that begins at `head`, and frees its slot.
    func remove(_ slot: UInt32, from head: inout UInt32) {
        if head == slot {
            head = self[slot].next
        } else {
            var previous = head
            while self[previous].next != slot { previous = self[previous].next }
            self[previous].next = self[slot].next
        }
        remove(slot)
    }

    /// Removes an operation that belongs to no descriptor queue.
    func remove(_ slot: UInt32) {
        unlink(slot)
        if let vectors = unsafe self[slot].vectors { unsafe vectors.deallocate() }
        unsafe self[slot].vectors = nil
        self[slot].next = firstFree
        firstFree = slot
        count -= 1
    }

    // MARK: Finding

    /// An operation with this token.
    func first(_ token: OperationToken) -> UInt32? {
        var slot = unsafe buckets[bucket(of: token)]
        while slot != Self.none {
            if self[slot].entry.token == token { return slot }
            slot = self[slot].nextInBucket
        }
        return nil
    }

    /// An arbitrary operation.
    func any() -> UInt32? {
        guard count > 0 else { return nil }
        for bucket in 0..<capacity where unsafe buckets[bucket] != Self.none { return unsafe buckets[bucket] }
        return nil
    }

    /// Fibonacci hashing: the tokens of one loop differ in their lower bits.
    private func bucket(of token: OperationToken) -> Int {
        let bits = capacity.trailingZeroBitCount
        return Int((token.rawValue &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - bits))
    }

    private func link(_ slot: UInt32) {
        let bucket = bucket(of: self[slot].entry.token)
        self[slot].nextInBucket = unsafe buckets[bucket]
        unsafe buckets[bucket] = slot
    }

    private func unlink(_ slot: UInt32) {
        let bucket = bucket(of: self[slot].entry.token)
        if unsafe buckets[bucket] == slot {
            unsafe buckets[bucket] = self[slot].nextInBucket
            return
        }
        var previous = unsafe buckets[bucket]
        while self[previous].nextInBucket != slot { previous = self[previous].nextInBucket }
        self[previous].nextInBucket = self[slot].nextInBucket
    }

    /// Doubles the table. All slots are occupied when it is called.
    private func grow() {
        let larger = UnsafeMutablePointer<WaitingOperation>.allocate(capacity: capacity * 2)
        unsafe larger.moveInitialize(from: slots, count: capacity)
        unsafe slots.deallocate()
        unsafe slots = larger
        unsafe buckets.deallocate()
        capacity *= 2
        unsafe buckets = .allocate(capacity: capacity)
        unsafe buckets.initialize(repeating: Self.none, count: capacity)
        for slot in 0..<untouched { link(UInt32(slot)) }
    }
}
