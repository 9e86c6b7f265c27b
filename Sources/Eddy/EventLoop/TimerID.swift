/// Identifies a timer of a ``TimerWheel`` until it has fired or was cancelled. The generation detects stale identifiers.
struct TimerID: SlotID {
    let index: UInt32
    let generation: UInt32
}
