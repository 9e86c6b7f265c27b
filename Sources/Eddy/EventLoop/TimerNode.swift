/// A timer of a ``TimerWheel``, or a vacant slot: 16 bytes, four per cache line.
struct TimerNode {
    var event = TimerEvent.starvationTimedOut
    /// The number of its list; `noList` when it is not running.
    var list = TimerNode.noList
    /// Changes when the timer ends, which makes its identifiers stale.
    var generation: UInt32 = 0

    static let noList = UInt16.max

    /// 1 if the generation matches, otherwise 0: a loop can add it without a branch.
    @inline(__always)
    func matches(_ generation: UInt32) -> Int {
        Int(truncatingIfNeeded: (UInt64(self.generation ^ generation) &- 1) >> 63)
    }
}

extension TimerNode: SlotElement {
    typealias ID = TimerID

    /// A vacant slot needs no event, so the link is stored there.
    var nextVacant: VacantSlot {
        get { if case .vacant(let next) = event { next } else { .end } }
        set { event = .vacant(next: newValue) }
    }
}
