internal import EddyRing

// Slots live in segments that never move, so growing copies nothing, and 5,000 idle connections take 5,000 slots:
//
//     segments ┌───┬───┬───┬───┐
//              │ 0 │ 1 │ 2 │ … │
//              └─┼─┴─┼─┴───┴───┘
//                ▼   ▼
//               256 slots each
//
// A slot is named by its index. That is enough for its operations and its timers: it is vacated after the last
// completion, and its timers are cancelled then. What may come later keeps the slot's generation, too, which changes
// when it is vacated: a task's cancellation, mail, chunks, a file's sender, a zero-copy notification. A name that is
// out of date is recognised by it.

/// The connections of a loop. A handle, as ``LoopQueue``. Loop thread only.
@safe
struct ConnectionTable: ~Copyable {
    private static let segmentSize = 256

    private struct Storage {
        var segmentCount = 0
        var firstVacant = ConnectionState.noSlot
        var occupied = 0
    }

    private let segments: UnsafeMutablePointer<UnsafeMutablePointer<ConnectionState>>
    private let storage: UnsafeMutablePointer<Storage>
    private let capacity: Int

    /// A table for up to `capacity` connections.
    init(capacity: Int) {
        self.capacity = capacity
        unsafe segments = .allocate(capacity: (capacity + Self.segmentSize - 1) / Self.segmentSize)
        unsafe storage = .allocate(capacity: 1)
        unsafe storage.initialize(to: Storage())
    }

    deinit {
        for index in 0..<(unsafe storage.pointee.segmentCount) { unsafe segments[index].deallocate() }
        unsafe segments.deallocate()
        unsafe storage.deallocate()
    }

    /// The state of a slot. Keep no reference to it across a call that may grow the table or run a task.
    subscript(slot: UInt32) -> ConnectionState {
        @inline(__always)
        unsafeAddress { unsafe UnsafePointer(pointer(to: slot)) }
        @inline(__always)
        nonmutating unsafeMutableAddress { unsafe pointer(to: slot) }
    }

    @inline(__always)
    private func pointer(to slot: UInt32) -> UnsafeMutablePointer<ConnectionState> {
        unsafe segments[Int(slot) / Self.segmentSize] + Int(slot) % Self.segmentSize
    }

    /// Slots in use.
    var count: Int { unsafe storage.pointee.occupied }

    /// Takes a vacant slot for a descriptor; nil when the table is full.
    func occupy(descriptor: Int32, phase: ConnectionState.Phase) -> UInt32? {
        guard count < capacity else { return nil }
        if unsafe storage.pointee.firstVacant == ConnectionState.noSlot { addSegment() }
        let slot = unsafe storage.pointee.firstVacant
        unsafe storage.pointee.firstVacant = self[slot].nextVacant
        unsafe storage.pointee.occupied += 1
        var state = ConnectionState()
        state.generation = self[slot].generation
        state.descriptor = descriptor
        state.phase = phase
        self[slot] = state
        return slot
    }

    /// Gives the slot back; its name is out of date from now on.
    func vacate(_ slot: UInt32) {
        self[slot].phase = .vacant
        self[slot].descriptor = -1
        self[slot].generation = (self[slot].generation + 1) & OperationToken.generationMask
        self[slot].nextVacant = unsafe storage.pointee.firstVacant
        unsafe storage.pointee.firstVacant = slot
        unsafe storage.pointee.occupied -= 1
    }

    /// Whether the slot still belongs to the connection that it was named for.
    func isCurrent(_ slot: UInt32, generation: UInt32) -> Bool {
        self[slot].generation == generation && self[slot].phase != .vacant
    }

    /// Calls `body` with every slot in use.
    func forEachOccupied(_ body: (UInt32) -> Void) {
        let slots = unsafe storage.pointee.segmentCount * Self.segmentSize
        for slot in 0..<UInt32(slots) where self[slot].phase != .vacant { body(slot) }
    }

    /// Only while fewer slots than `capacity` are in use and all that there are: so there is place for a segment.
    private func addSegment() {
        let index = unsafe storage.pointee.segmentCount
        let segment = UnsafeMutablePointer<ConnectionState>.allocate(capacity: Self.segmentSize)
        unsafe segment.initialize(repeating: ConnectionState(), count: Self.segmentSize)
        unsafe segments[index] = segment
        unsafe storage.pointee.segmentCount += 1
        for offset in (0..<Self.segmentSize).reversed() {
            let slot = UInt32(index * Self.segmentSize + offset)
            self[slot].nextVacant = unsafe storage.pointee.firstVacant
            unsafe storage.pointee.firstVacant = slot
        }
    }
}
