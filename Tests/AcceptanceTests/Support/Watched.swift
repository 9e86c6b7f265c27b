import Synchronization

/// A value that a task can wait for: a condition variable for tasks.
final class Watched<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state: Mutex<State>

    init(_ value: Value) {
        state = Mutex(State(value: value))
    }

    var value: Value {
        state.withLock { $0.value }
    }

    func update(_ change: (inout Value) -> Void) {
        let waiters = state.withLock { state in
            change(&state.value)
            defer { state.waiters.removeAll() }
            return state.waiters.values
        }
        for waiter in waiters {
            waiter.resume()
        }
    }

    /// Waits until `find` returns a result for the value. Throws if the task is cancelled, as happens when a test
    /// exceeds its time limit.
    func first<Found>(_ find: (Value) -> Found?) async throws -> Found {
        while true {
            try Task.checkCancellation()
            if let found = find(value) {
                return found
            }
            await change { find($0) == nil }
        }
    }

    /// Suspends until the next change, or returns at once if `isUnchanged` no longer holds for the value.
    private func change(unless isUnchanged: (Value) -> Bool) async {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    guard isUnchanged(state.value), !Task.isCancelled else { return false }
                    state.waiters[waiter] = continuation
                    return true
                }
                if !waits {
                    continuation.resume()
                }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
    }
}
