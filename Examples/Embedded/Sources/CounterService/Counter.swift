import Synchronization

/// A number that all connections share, regardless of their loops.
final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    var current: Int { value.load(ordering: .relaxed) }

    /// Adds `amount` and returns the sum. It wraps on overflow, so no client can crash the service.
    func add(_ amount: Int) -> Int {
        value.wrappingAdd(amount, ordering: .relaxed).newValue
    }
}
