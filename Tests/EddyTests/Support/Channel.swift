/// Passes values from handlers to their test, in order.
final class Channel<Value: Sendable>: Sendable {
    /// The test was cancelled, most likely by its time limit, before a value arrived.
    struct Closed: Error {}

    private let stream: AsyncStream<Value>
    private let continuation: AsyncStream<Value>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func send(_ value: Value) { continuation.yield(value) }

    /// Waits for the next value. At most one task may wait.
    func next() async throws -> Value {
        for await value in stream { return value }
        throw Closed()
    }
}
