/// An entry of a ``TimerList``.
struct TimerEntry {
    /// The tick at which the timer is due.
    let tick: UInt64
    let timer: TimerID
}

/// A chunk of a ``TimerList``: 512 bytes including the overhead of malloc(3).
@safe
struct TimerChunk {
    static let capacity = 31

    /// The next chunk of the list, or of the free list.
    var next: UnsafeMutablePointer<TimerChunk>?
    private var entries = InlineArray<31, TimerEntry>(
        repeating: TimerEntry(tick: 0, timer: TimerID(index: 0, generation: 0))
    )

    subscript(position: Int) -> TimerEntry {
        @inline(__always)
        get { entries[position] }
        @inline(__always)
        set { entries[position] = newValue }
    }
}
