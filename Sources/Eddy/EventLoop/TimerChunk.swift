/// What a list of a ``TimerWheel`` keeps of a timer.
struct TimerEntry {
    /// When it is due.
    let tick: UInt64
    let timer: TimerID
}

/// A piece of a ``TimerList``: 512 bytes with what malloc(3) adds.
@safe
struct TimerChunk {
    static let capacity = 31

    /// The chunk behind it, in the list or among those that are vacant.
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
