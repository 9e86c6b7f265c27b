/// An entry of a ``TimerList``.
struct TimerEntry {
    /// The tick at which the timer is due.
    let tick: UInt64
    let timer: TimerID
}

/// A chunk of a ``TimerList``: 512 bytes. Lists link chunks by address, which saves the look-up of a slot for each
/// entry.
@safe
struct TimerChunk {
    static let capacity = 31

    /// The next chunk of the list.
    var next: UnsafeMutablePointer<TimerChunk>?
    var nextVacant = VacantSlot.end
    /// The chunk's own identifier, while it is in a list.
    fileprivate var id = TimerChunkID(index: 0)
    private var entries = InlineArray<31, TimerEntry>(
        repeating: TimerEntry(tick: 0, timer: TimerID(index: 0, generation: 0))
    )

    init() {}

    subscript(position: Int) -> TimerEntry {
        @inline(__always)
        get { entries[position] }
        @inline(__always)
        set { entries[position] = newValue }
    }
}

typealias TimerChunkID = PlainID<TimerChunk>

extension TimerChunk: SlotElement {
    typealias ID = TimerChunkID

    static var segmentSize: Int { 64 }
}

extension SlotTable where Element == TimerChunk {
    /// Occupies a chunk without a successor.
    func take() -> UnsafeMutablePointer<TimerChunk> {
        let id = occupy()
        let chunk = unsafe pointer(to: id.index)
        unsafe chunk.pointee.id = id
        unsafe chunk.pointee.next = nil
        return unsafe chunk
    }

    func recycle(_ chunk: UnsafeMutablePointer<TimerChunk>) {
        unsafe vacate(chunk.pointee.id)
    }
}
