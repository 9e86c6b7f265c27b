import Foundation
import Testing

/// The result of a visit to an echo server by a client that does not use Eddy.
struct Visit: Decodable {
    let identical: Bool

    /// Connects to an address of any kind, and expects an echo.
    static func expectEcho(at address: String, from location: SourceLocation = #_sourceLocation) async throws {
        let visit: Visit = try await Client.run("visit.py", address, "\(Int.MiB(1))")
        #expect(visit.identical, sourceLocation: location)
    }
}

extension RunningCommand {
    /// Waits until the server is ready, and returns the address that it prints.
    func readyAddress() async throws -> String {
        try await readyAddresses(1)[0]
    }

    /// Waits until the server is ready at `count` addresses, and returns them.
    func readyAddresses(_ count: Int) async throws -> [String] {
        var addresses: [String] = []
        for place in 0..<count { addresses.append(try await readyAddress(at: place)) }
        return addresses
    }

    private func readyAddress(at place: Int) async throws -> String {
        guard let line = try await output.line(from: place) else { throw NotReady(errors: try await errors.all()) }
        let announcement = "listening on "
        guard line.hasPrefix(announcement) else { throw NotReady(errors: ["not the ready line: \(line)"]) }
        return String(line.dropFirst(announcement.count))
    }

    /// Ends the server, and expects exit code 0 and every slice returned to its pool.
    @discardableResult
    func stop(at location: SourceLocation = #_sourceLocation) async throws -> Farewell? {
        send(SIGTERM)
        #expect(try await ending() == .exit(0), sourceLocation: location)
        let farewell = Farewell(try await output.all())
        #expect(farewell?.slicesOut == 0, sourceLocation: location)
        return farewell
    }
}
