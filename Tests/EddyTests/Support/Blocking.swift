import Foundation

/// Runs a blocking call on a thread of its own, so that the tests' threads stay free.
func blocking<Success: Sendable>(_ body: @escaping @Sendable () throws -> Success) async throws -> Success {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
