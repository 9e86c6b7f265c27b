extension Connection {
    /// Reads and writes at the same time, in two tasks on the connection's loop.
    ///
    /// ```swift
    /// try await connection.concurrently { reader in
    ///     while let line = try await reader.readLine(limit: 1024) { inbox.add(String(decoding: line)) }
    /// } writing: { writer in
    ///     for await event in events { try await writer.write(event) }
    /// }
    /// ```
    ///
    /// The compiler ensures that only one task reads and only one writes: neither side can be copied or leave its
    /// closure, and the connection is not accessible meanwhile.
    ///
    /// Returns when both closures have returned. When one throws, the other is cancelled: its waits throw
    /// ``ConnectionError/cancelled``. Afterwards the connection can be used as if one task had done both.
    ///
    /// - Throws: the first error that either closure throws.
    public func concurrently(
        _ reading: @escaping @concurrent @Sendable (borrowing ConnectionReader) async throws -> Void,
        writing: @escaping @concurrent @Sendable (borrowing ConnectionWriter) async throws -> Void
    ) async throws {
        try handle.requireLoopThread()
        let (loop, id, handle) = (loop, id, handle)
        loop.driver.connections[id].drain.isUsedConcurrently = true
        // The cancellation of one side ends with this call.
        defer {
            loop.driver.connections[id].drain.isUsedConcurrently = false
            if !Task.isCancelled { loop.driver.connections[id].clearCancellation() }
        }
        try await withThrowingTaskGroup(of: Void.self) { sides in
            sides.addTask(executorPreference: loop) {
                try await withTaskCancellationHandler {
                    try await reading(ConnectionReader(handle: handle))
                } onCancel: {
                    loop.cancel(id, sides: .reading)
                }
            }
            sides.addTask(executorPreference: loop) {
                try await withTaskCancellationHandler {
                    try await writing(ConnectionWriter(handle: handle))
                } onCancel: {
                    loop.cancel(id, sides: .writing)
                }
            }
            // The first error leaves the group, which cancels the other side and waits for it.
            while try await sides.next() != nil {}
        }
    }
}
