/// Identifies a timer of a ``TimerWheel`` until it fires or is cancelled. The generation detects stale identifiers.
struct TimerID: SlotID {
    let index: UInt32
    let generation: UInt32
}
