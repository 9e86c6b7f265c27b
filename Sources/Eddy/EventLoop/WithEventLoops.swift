/// Runs `body` with event loops that end when it does.
///
/// When this returns, the loops' threads have ended, whether `body` returned, threw or was cancelled: remaining
/// connections have been reset, and the kernel uses none of the loops' memory. Tasks that `body` started on the loops
/// must end before `body` does, as child tasks do.
///
/// ```swift
/// try await withEventLoops(count: 2) { group in
///     let server = try TCPServer(on: "127.0.0.1:7000", group: group)
///     await server.run { connection in … }
/// }
/// ```
///
/// - Parameters:
///   - count: the number of loops; one per processor by default.
///   - configuration: the configuration of each loop.
///   - body: uses the loops, which run until it ends.
/// - Throws: `RingError` if a loop cannot be created; else what `body` throws.
/// - Precondition: `count` is at least 1.
public func withEventLoops<Success>(
    count: Int = EventLoopGroup.processorCount,
    configuration: EventLoop.Configuration = .init(),
    _ body: (EventLoopGroup) async throws -> Success
) async throws -> Success {
    let group = try EventLoopGroup(count: count, configuration: configuration)
    do {
        let success = try await body(group)
        await group.shutDown()
        return success
    } catch {
        await group.shutDown()
        throw error
    }
}
