/// Identifies a timer of a ``TimerWheel`` until it fires or is cancelled. The generation detects stale identifiers.
struct TimerID: SlotID {
    private let place: UInt32
    let generation: UInt32

    init(index: Int, generation: UInt32) {
        place = UInt32(truncatingIfNeeded: index)
        self.generation = generation
    }

    @inline(__always)
    var index: Int { Int(place) }
}
