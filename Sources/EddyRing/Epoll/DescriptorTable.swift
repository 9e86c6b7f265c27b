internal import Glibc

// A descriptor has two queues of waiting operations, one for each direction:
//
//     descriptor n ─┬─ queue 2n     reading: accepts, receives, reads
//                   └─ queue 2n + 1 writing: connects, sends
//
// A queue that can continue without an event, because its turn was over or the completion queue was full, is in the
// list of ready queues.

/// The operations that wait for one direction of a descriptor.
struct DescriptorQueue: Equatable {
    let index: UInt32

    init(index: UInt32) { self.index = index }

    /// - Precondition: the descriptor is not negative.
    static func reading(_ descriptor: Int32) -> DescriptorQueue { DescriptorQueue(index: UInt32(descriptor) << 1) }
    static func writing(_ descriptor: Int32) -> DescriptorQueue { DescriptorQueue(index: UInt32(descriptor) << 1 | 1) }

    var descriptor: Int32 { Int32(index >> 1) }
}

/// The state that an epoll engine keeps for each descriptor, indexed by its number.
@safe
final class DescriptorTable {
    struct QueueState {
        /// The first waiting operation.
        var first = OperationTable.none
        fileprivate var nextReady = DescriptorTable.none
        fileprivate var isReady = false
    }

    struct DescriptorState {
        /// Whether epoll watches the descriptor. A hint: the descriptor may have been closed and its number reused.
        var isRegistered = false
        /// Whether a short receive may have left something: the end of the stream, an error, or data after urgent data,
        /// before which recv(2) stops (tcp(7)).
        var mayHoldMore = false
    }

    private static let none = UInt32.max

    private var queues: UnsafeMutablePointer<QueueState>
    private var descriptors: UnsafeMutablePointer<DescriptorState>
    private(set) var capacity = 64
    private var firstReady = DescriptorTable.none
    private var lastReady = DescriptorTable.none

    init() {
        unsafe descriptors = .allocate(capacity: capacity)
        unsafe descriptors.initialize(repeating: DescriptorState(), count: capacity)
        unsafe queues = .allocate(capacity: 2 * capacity)
        unsafe queues.initialize(repeating: QueueState(), count: 2 * capacity)
    }

    deinit {
        unsafe descriptors.deallocate()
        unsafe queues.deallocate()
    }

    /// - Precondition: ``makeRoom(for:)`` was called for the descriptor.
    subscript(queue: DescriptorQueue) -> QueueState {
        unsafeAddress { unsafe UnsafePointer(queues + Int(queue.index)) }
        unsafeMutableAddress { unsafe queues + Int(queue.index) }
    }

    /// - Precondition: ``makeRoom(for:)`` was called for the descriptor.
    subscript(descriptor: Int32) -> DescriptorState {
        unsafeAddress { unsafe UnsafePointer(descriptors + Int(descriptor)) }
        unsafeMutableAddress { unsafe descriptors + Int(descriptor) }
    }

    /// Grows the table to contain a descriptor; false if the descriptor is not open. The kernel assigns the lowest free
    /// number, so the size of the table follows the number of open descriptors.
    @inline(__always)
    func makeRoom(for descriptor: Int32) -> Bool {
        if Int(descriptor) < capacity { return true }
        guard fcntl(descriptor, F_GETFL) >= 0 else { return false }
        grow(toHold: Int(descriptor))
        return true
    }

    @inline(never)
    private func grow(toHold descriptor: Int) {
        var larger = capacity
        while larger <= descriptor { larger *= 2 }
        let newDescriptors = UnsafeMutablePointer<DescriptorState>.allocate(capacity: larger)
        unsafe newDescriptors.moveInitialize(from: descriptors, count: capacity)
        unsafe (newDescriptors + capacity).initialize(repeating: DescriptorState(), count: larger - capacity)
        let newQueues = UnsafeMutablePointer<QueueState>.allocate(capacity: 2 * larger)
        unsafe newQueues.moveInitialize(from: queues, count: 2 * capacity)
        unsafe (newQueues + 2 * capacity).initialize(repeating: QueueState(), count: 2 * (larger - capacity))
        unsafe descriptors.deallocate()
        unsafe queues.deallocate()
        unsafe (descriptors, queues) = (newDescriptors, newQueues)
        capacity = larger
    }

    // MARK: Ready queues

    var hasReady: Bool { firstReady != Self.none }

    /// The last ready queue; nil if none is ready.
    var lastReadyQueue: DescriptorQueue? { lastReady == Self.none ? nil : DescriptorQueue(index: lastReady) }

    func appendReady(_ queue: DescriptorQueue) {
        guard !self[queue].isReady else { return }
        self[queue].isReady = true
        self[queue].nextReady = Self.none
        if lastReady == Self.none {
            firstReady = queue.index
        } else {
            self[DescriptorQueue(index: lastReady)].nextReady = queue.index
        }
        lastReady = queue.index
    }

    func popReady() -> DescriptorQueue? {
        guard firstReady != Self.none else { return nil }
        let queue = DescriptorQueue(index: firstReady)
        firstReady = self[queue].nextReady
        if firstReady == Self.none { lastReady = Self.none }
        self[queue].isReady = false
        return queue
    }
}
