// Segments never move, so growing copies nothing, and a pointer to an element stays valid:
//
//     segments ┌───┬───┬───┐        Vacant slots are a list. The slot that was vacated last is occupied first: it is
//              │ 0 │ 1 │ … │        in the processor's cache.
//              └─┼─┴─┼─┴───┘
//                ▼   ▼
//              segmentSize elements each
//
// The generation of an element changes when its slot is vacated. It detects stale identifiers, such as those held by
// another thread's message, a task's cancellation, or a late notification.

/// Identifies an element of a ``SlotTable``.
protocol SlotID: Hashable, Sendable, BitwiseCopyable {
    init(index: Int, generation: UInt32)
    /// The element's place in the table; it fits into 32 bits.
    var index: Int { get }
    var generation: UInt32 { get }
}

/// An identifier without a generation: it does not outlive its element, or its number is not used again soon.
struct PlainID<Element: ~Copyable>: SlotID {
    private let place: UInt32

    init(index: Int, generation: UInt32 = 0) { place = UInt32(truncatingIfNeeded: index) }

    @inline(__always)
    var index: Int { Int(place) }

    var generation: UInt32 { 0 }
}

/// An element of a ``SlotTable``: a trivial value with room for a link while its slot is vacant.
protocol SlotElement {
    associatedtype ID: SlotID

    /// The initial content of a slot.
    init()
    /// Meaningful while the slot is vacant.
    var nextVacant: VacantSlot { get set }
    /// The number of times that the slot was vacated, modulo the range of ``ID``. 0 for elements whose identifiers
    /// never outlive them.
    var generation: UInt32 { get set }

    /// The number of elements that are allocated together.
    static var segmentSize: Int { get }
}

extension SlotElement {
    static var segmentSize: Int { 1024 }
}

extension SlotElement where ID == PlainID<Self> {
    var generation: UInt32 {
        get { 0 }
        set {}
    }
}

/// A link of a ``SlotTable``'s list of vacant slots.
struct VacantSlot: Equatable {
    private let place: UInt32

    fileprivate init(index: Int) { place = UInt32(truncatingIfNeeded: index) }

    fileprivate var index: Int { Int(place) }

    static let end = VacantSlot(index: -1)
}

/// A slab of small elements, identified by slot and generation. The state is behind a pointer, as in ``LoopQueue``.
/// Loop thread only.
@safe
struct SlotTable<Element: SlotElement>: ~Copyable {
    @safe
    private struct Storage {
        var segments: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
        var segmentCount = 0
        var segmentCapacity: Int
        var firstVacant = VacantSlot.end
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

    /// The element in the identifier's slot, regardless of its generation. Keep no reference to it across a call that
    /// may run a task.
    subscript(id: Element.ID) -> Element {
        @inline(__always)
        unsafeAddress { unsafe UnsafePointer(pointer(to: id.index)) }
        @inline(__always)
        nonmutating unsafeMutableAddress { unsafe pointer(to: id.index) }
    }

    /// The address of a slot's element, which never changes.
    @inline(__always)
    func pointer(to index: Int) -> UnsafeMutablePointer<Element> {
        unsafe storage.pointee.segments[index / Element.segmentSize] + index % Element.segmentSize
    }

    /// The number of occupied slots.
    var count: Int { unsafe storage.pointee.occupied }

    /// The number of allocated slots, occupied or vacant.
    var capacity: Int { unsafe storage.pointee.segmentCount * Element.segmentSize }

    /// Whether the slot exists, occupied or vacant.
    func contains(_ id: Element.ID) -> Bool { id.index < capacity }

    /// The identifier of the element in a slot, occupied or vacant.
    func id(at index: Int) -> Element.ID {
        Element.ID(index: index, generation: unsafe pointer(to: index).pointee.generation)
    }

    /// Occupies a vacant slot. Its content is what it was when the slot was vacated.
    @inline(__always)
    func occupy() -> Element.ID {
        if unsafe storage.pointee.firstVacant == .end { addSegment() }
        let index = unsafe storage.pointee.firstVacant.index
        let element = unsafe pointer(to: index)
        unsafe storage.pointee.firstVacant = element.pointee.nextVacant
        unsafe storage.pointee.occupied += 1
        return Element.ID(index: index, generation: unsafe element.pointee.generation)
    }

    /// Vacates a slot. The caller has already advanced the element's generation, if it has generations.
    @inline(__always)
    func vacate(_ id: Element.ID) {
        assert(contains(id) && count > 0, "a slot is vacated that is in use")
        self[id].nextVacant = unsafe storage.pointee.firstVacant
        unsafe storage.pointee.firstVacant = VacantSlot(index: id.index)
        unsafe storage.pointee.occupied -= 1
    }

    @inline(never)
    private func addSegment() {
        let number = unsafe storage.pointee.segmentCount
        if unsafe number == storage.pointee.segmentCapacity { growSegments() }
        let segment = UnsafeMutablePointer<Element>.allocate(capacity: Element.segmentSize)
        unsafe segment.initialize(repeating: Element(), count: Element.segmentSize)
        unsafe storage.pointee.segments[number] = segment
        unsafe storage.pointee.segmentCount += 1
        for offset in (0..<Element.segmentSize).reversed() {
            unsafe segment[offset].nextVacant = storage.pointee.firstVacant
            unsafe storage.pointee.firstVacant = VacantSlot(index: number * Element.segmentSize + offset)
        }
    }

    /// Moves the addresses of the segments (8 bytes each), not the segments.
    private func growSegments() {
        let old = unsafe storage.pointee
        let segments = UnsafeMutablePointer<UnsafeMutablePointer<Element>>.allocate(capacity: old.segmentCapacity * 2)
        unsafe segments.moveInitialize(from: old.segments, count: old.segmentCount)
        unsafe old.segments.deallocate()
        unsafe storage.pointee.segments = segments
        unsafe storage.pointee.segmentCapacity = old.segmentCapacity * 2
    }
}
