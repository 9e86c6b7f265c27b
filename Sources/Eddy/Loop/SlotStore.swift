// Segments never move, so growing copies nothing, however much there is:
//
//     segments ┌───┬───┬───┐        Vacant slots are a list. The last one given back is the first to be taken again:
//              │ 0 │ 1 │ … │        it is in the processor's cache.
//              └─┼─┴─┼─┴───┘
//                ▼   ▼
//              1,024 elements each

/// What a ``SlotStore`` keeps: a trivial value, which has a place for a link while its slot is vacant.
protocol SlotElement {
    /// What a slot holds at first.
    init()
    var nextVacant: UInt32 { get set }
}

/// Memory for many small things of a loop, each named by its index. A handle, as ``LoopQueue``. Loop thread only.
@safe
struct SlotStore<Element: SlotElement>: ~Copyable {
    private static var segmentSize: Int { 1024 }

    @safe
    private struct Storage {
        var segments: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
        var segmentCount = 0
        var segmentCapacity: Int
        var firstVacant = SlotIndex.none
        var occupied = 0
    }

    private let storage: UnsafeMutablePointer<Storage>

    init() {
        unsafe storage = .allocate(capacity: 1)
        unsafe storage.initialize(to: Storage(segments: .allocate(capacity: 4), segmentCapacity: 4))
    }

    deinit {
        for index in 0..<(unsafe storage.pointee.segmentCount) {
            unsafe storage.pointee.segments[index].deallocate()
        }
        unsafe storage.pointee.segments.deallocate()
        unsafe storage.deallocate()
    }

    subscript(index: UInt32) -> Element {
        @inline(__always)
        unsafeAddress { unsafe UnsafePointer(pointer(to: index)) }
        @inline(__always)
        nonmutating unsafeMutableAddress { unsafe pointer(to: index) }
    }

    @inline(__always)
    private func pointer(to index: UInt32) -> UnsafeMutablePointer<Element> {
        unsafe storage.pointee.segments[Int(index) / Self.segmentSize] + Int(index) % Self.segmentSize
    }

    /// Slots in use.
    var count: Int { unsafe storage.pointee.occupied }

    /// Whether there is such a slot, in use or vacant.
    func contains(_ index: UInt32) -> Bool {
        unsafe Int(index) < storage.pointee.segmentCount * Self.segmentSize
    }

    /// Takes a vacant slot, which holds what it held when it was vacated.
    @inline(__always)
    func occupy() -> UInt32 {
        if unsafe storage.pointee.firstVacant == SlotIndex.none { addSegment() }
        let index = unsafe storage.pointee.firstVacant
        unsafe storage.pointee.firstVacant = self[index].nextVacant
        unsafe storage.pointee.occupied += 1
        return index
    }

    @inline(__always)
    func vacate(_ index: UInt32) {
        self[index].nextVacant = unsafe storage.pointee.firstVacant
        unsafe storage.pointee.firstVacant = index
        unsafe storage.pointee.occupied -= 1
    }

    @inline(never)
    private func addSegment() {
        let number = unsafe storage.pointee.segmentCount
        if unsafe number == storage.pointee.segmentCapacity { growSegments() }
        let segment = UnsafeMutablePointer<Element>.allocate(capacity: Self.segmentSize)
        unsafe segment.initialize(repeating: Element(), count: Self.segmentSize)
        unsafe storage.pointee.segments[number] = segment
        unsafe storage.pointee.segmentCount += 1
        for offset in (0..<Self.segmentSize).reversed() {
            let index = UInt32(number * Self.segmentSize + offset)
            self[index].nextVacant = unsafe storage.pointee.firstVacant
            unsafe storage.pointee.firstVacant = index
        }
    }

    /// Moves the segments' addresses, 8 bytes each, not the segments.
    private func growSegments() {
        let old = unsafe storage.pointee
        let segments = UnsafeMutablePointer<UnsafeMutablePointer<Element>>.allocate(capacity: old.segmentCapacity * 2)
        unsafe segments.moveInitialize(from: old.segments, count: old.segmentCount)
        unsafe old.segments.deallocate()
        unsafe storage.pointee.segments = segments
        unsafe storage.pointee.segmentCapacity = old.segmentCapacity * 2
    }
}

/// The index of no slot.
enum SlotIndex {
    static let none = UInt32.max
}
