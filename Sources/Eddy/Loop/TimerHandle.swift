/// Names a timer of a ``TimerWheel`` until it has fired or was cancelled. Later it names nothing, whoever has its place
/// then.
struct TimerHandle: Equatable, Sendable {
    let index: UInt32
    let generation: UInt32

    /// The name of no timer.
    static let none = TimerHandle(index: SlotIndex.none, generation: 0)
}
