/// Values from handlers to their test, in order.
final class Channel<Value: Sendable>: Sendable {
    /// The test was cancelled, most likely by its time limit, before a value came.
    struct Closed: Error {}

    private let stream: AsyncStream<Value>
    private let continuation: AsyncStream<Value>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func send(_ value: Value) { continuation.yield(value) }

    /// The next value; waits for it. One task at a time.
    func next() async throws -> Value {
        for await value in stream { return value }
        throw Closed()
    }
}
