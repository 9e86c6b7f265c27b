internal import Glibc

// A descriptor has two queues of waiting operations, one for each direction:
//
//     descriptor n ─┬─ queue 2n     reading: accepts, receives, reads
//                   └─ queue 2n + 1 writing: connects, sends
//
// A queue that can continue without an event, because its turn was over or the completion queue was full, is in the
// list of ready queues.

/// The operations that wait for one direction of a descriptor.
struct Lane: Equatable {
    let index: UInt32

    init(index: UInt32) { self.index = index }

    /// - Precondition: the descriptor is not negative.
    static func reading(_ descriptor: Int32) -> Lane { Lane(index: UInt32(descriptor) << 1) }
    static func writing(_ descriptor: Int32) -> Lane { Lane(index: UInt32(descriptor) << 1 | 1) }

    var descriptor: Int32 { Int32(index >> 1) }
}

/// The state that an epoll engine keeps for each descriptor, indexed by its number.
@safe
final class DescriptorTable {
    struct LaneState {
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

    private var lanes: UnsafeMutablePointer<LaneState>
    private var descriptors: UnsafeMutablePointer<DescriptorState>
    private(set) var capacity = 64
    private var firstReady = DescriptorTable.none
    private var lastReady = DescriptorTable.none

    init() {
        unsafe descriptors = .allocate(capacity: capacity)
        unsafe descriptors.initialize(repeating: DescriptorState(), count: capacity)
        unsafe lanes = .allocate(capacity: 2 * capacity)
        unsafe lanes.initialize(repeating: LaneState(), count: 2 * capacity)
    }

    deinit {
        unsafe descriptors.deallocate()
        unsafe lanes.deallocate()
    }

    /// - Precondition: ``makeRoom(for:)`` was called for the descriptor.
    subscript(lane: Lane) -> LaneState {
        unsafeAddress { unsafe UnsafePointer(lanes + Int(lane.index)) }
        unsafeMutableAddress { unsafe lanes + Int(lane.index) }
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
        let newLanes = UnsafeMutablePointer<LaneState>.allocate(capacity: 2 * larger)
        unsafe newLanes.moveInitialize(from: lanes, count: 2 * capacity)
        unsafe (newLanes + 2 * capacity).initialize(repeating: LaneState(), count: 2 * (larger - capacity))
        unsafe descriptors.deallocate()
        unsafe lanes.deallocate()
        unsafe (descriptors, lanes) = (newDescriptors, newLanes)
        capacity = larger
    }

    // MARK: Ready queues

    var hasReady: Bool { firstReady != Self.none }

    /// The last ready queue; nil if none is ready.
    var lastReadyLane: Lane? { lastReady == Self.none ? nil : Lane(index: lastReady) }

    func appendReady(_ lane: Lane) {
        guard !self[lane].isReady else { return }
        self[lane].isReady = true
        self[lane].nextReady = Self.none
        if lastReady == Self.none {
            firstReady = lane.index
        } else {
            self[Lane(index: lastReady)].nextReady = lane.index
        }
        lastReady = lane.index
    }

    func popReady() -> Lane? {
        guard firstReady != Self.none else { return nil }
        let lane = Lane(index: firstReady)
        firstReady = self[lane].nextReady
        if firstReady == Self.none { lastReady = Self.none }
        self[lane].isReady = false
        return lane
    }
}
