/// Runs `body` with event loops that end with it.
///
/// However `body` ends, by returning, throwing or being cancelled, the loops' threads have ended when this returns:
/// connections that are left are reset, and nothing of the loops' memory is in the kernel's hands. Tasks that `body`
/// has put on the loops must end before it does, as child tasks do.
///
/// ```swift
/// try await withEventLoops(count: 2) { group in
///     let server = try TCPServer(on: SocketAddress("127.0.0.1:7000"), group: group)
///     await server.run { connection in … }
/// }
/// ```
///
/// - Parameters:
///   - count: the number of loops; one a processor by default.
///   - configuration: of each loop.
///   - body: uses the loops, which run until it ends.
/// - Throws: `RingError` if a loop cannot be made; else what `body` throws.
/// - Precondition: `count` is at least 1.
public func withEventLoops<Success>(
    count: Int = EventLoopGroup.processorCount,
    configuration: EventLoop.Configuration = .init(),
    _ body: (EventLoopGroup) async throws -> Success
) async throws -> Success {
    let group = try EventLoopGroup(count: count, configuration: configuration)
    do {
        let success = try await body(group)
        await group.finish()
        return success
    } catch {
        await group.finish()
        throw error
    }
}
