/// A timer of a ``TimerWheel``, or the place for one: 32 bytes, two to a cache line.
struct TimerNode: SlotElement {
    /// When it is due.
    var tick: UInt64 = 0
    var event = TimerEvent.starvationTimedOut
    /// The list that it is in, by the list's level and place; `noLevel` when in none.
    var level = TimerNode.noLevel
    var place: UInt8 = 0
    /// Its neighbours in that list.
    var next = SlotIndex.none
    var previous = SlotIndex.none
    /// Changes when the timer is over: its handles name nothing then.
    var generation: UInt32 = 0

    static let noLevel = UInt8.max

    var nextVacant: UInt32 {
        get { next }
        set { next = newValue }
    }
}

/// Names a timer until it has fired or was cancelled. Later it names nothing, whoever has its place then.
struct TimerHandle: Equatable, Sendable {
    let index: UInt32
    let generation: UInt32

    /// The name of no timer.
    static let none = TimerHandle(index: SlotIndex.none, generation: 0)
}
