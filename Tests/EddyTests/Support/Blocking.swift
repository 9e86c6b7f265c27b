import Eddy
import Foundation

/// Runs a blocking call on a thread of its own, so that the tests' threads stay free.
func blocking<Success: Sendable>(_ body: @escaping @Sendable () throws -> Success) async throws -> Success {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}

/// Runs `body` while the loop's thread is blocked, then `last` on that thread before the loop continues: what happens
/// within `body` is reported to the loop at once.
func whileBlocked(
    _ loop: EventLoop,
    _ body: () async throws -> Void,
    last: @escaping @Sendable () -> Void = {}
) async throws {
    let (blocked, gate) = (Gate(), Gate())
    defer { gate.open() }
    async let blocking: Void = loop.run {
        blocked.open()
        gate.waitBlocking()
        last()
    }
    await blocked.wait()
    try await body()
    gate.open()
    _ = await blocking
}
