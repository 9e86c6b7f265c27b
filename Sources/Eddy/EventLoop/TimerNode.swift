/// A timer of a ``TimerWheel``, or the place for one: 16 bytes, four to a cache line.
struct TimerNode {
    var event = TimerEvent.starvationTimedOut
    /// The list that it is in, by the list's number; `noList` when it is not running.
    var list = TimerNode.noList
    /// Changes when the timer is over: its identifiers are stale then.
    var generation: UInt32 = 0

    static let noList = UInt16.max

    /// 1 when it is of that generation, otherwise 0: what a loop over many can add without a branch.
    @inline(__always)
    func matches(_ generation: UInt32) -> Int {
        Int(truncatingIfNeeded: (UInt64(self.generation ^ generation) &- 1) >> 63)
    }
}

extension TimerNode: SlotElement {
    typealias ID = TimerID

    /// A place without a timer needs no event: the link lies there.
    var nextVacant: VacantSlot {
        get { if case .vacant(let next) = event { next } else { .end } }
        set { event = .vacant(next: newValue) }
    }
}
