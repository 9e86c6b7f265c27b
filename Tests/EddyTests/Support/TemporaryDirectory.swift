import EddySystem
import Foundation

/// Runs `body` with a directory that is removed afterwards.
func withTemporaryDirectory<Success>(_ body: (URL) async throws -> Success) async throws -> Success {
    let directory = FileManager.default.temporaryDirectory.appending(path: "eddy-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    return try await body(directory)
}

/// Whether this machine has the IPv6 address `::1`; some containers do not.
let hasIPv6Loopback: Bool = {
    guard let address = try? SocketAddress("[::1]:0"), let descriptor = try? Socket.openStream(for: address) else {
        return false
    }
    defer { Socket.close(descriptor) }
    return (try? Socket.bind(descriptor, to: address)) != nil
}()
