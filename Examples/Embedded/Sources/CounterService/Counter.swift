import Synchronization

/// A number that all connections share, on whichever loop they live.
final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    var current: Int { value.load(ordering: .relaxed) }

    /// Adds `amount` and returns the sum. It wraps at the end of `Int`, so no client can bring the service down.
    func add(_ amount: Int) -> Int {
        value.wrappingAdd(amount, ordering: .relaxed).newValue
    }
}
