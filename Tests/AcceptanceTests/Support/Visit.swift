import Foundation
import Testing

/// What a client that is not Eddy's has found at an echo server.
struct Visit: Decodable {
    let identical: Bool

    /// Connects to an address of any kind, and expects its bytes back.
    static func expectEcho(at address: String, from location: SourceLocation = #_sourceLocation) async throws {
        let visit: Visit = try await Client.run("visit.py", address, "\(Int.MiB(1))")
        #expect(visit.identical, sourceLocation: location)
    }
}

extension RunningCommand {
    /// Waits until the server is ready, and returns where it says that it listens.
    func readyAddress() async throws -> String {
        guard let line = try await output.line() else { throw NotReady(errors: try await errors.all()) }
        let announcement = "listening on "
        guard line.hasPrefix(announcement) else { throw NotReady(errors: ["not the ready line: \(line)"]) }
        return String(line.dropFirst(announcement.count))
    }

    /// Has the server end, and expects exit code 0 and every slice back in its pool.
    func stop(at location: SourceLocation = #_sourceLocation) async throws {
        send(SIGTERM)
        #expect(try await ending() == .exit(0), sourceLocation: location)
        let farewell = Farewell(try await output.all())
        #expect(farewell?.slicesOut == 0, sourceLocation: location)
    }
}
