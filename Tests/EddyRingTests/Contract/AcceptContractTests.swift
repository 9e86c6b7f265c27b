import EddyRing
import EddySystem
import Glibc
import Testing

/// Accepting, tested on every engine.
@Suite("contract: accept", .timeLimit(.minutes(5)))
struct AcceptContractTests {
    private let token = OperationToken(kind: 1)

    @Test("Each connection is accepted once, before or after the submission", arguments: TestedEngine.all)
    func multishot(engine: TestedEngine) throws {
        let world = try World(engine, completionEntries: 256)
        let listener = try world.listen(backlog: 256)
        var clients = try (0..<100).map { _ in try world.dial(listener.address) }
        try world.ring.submit(.acceptMultishot(descriptor: listener.descriptor, token: token))
        var accepted = try world.ring.completions(100)
        for _ in 0..<20 {
            clients.append(try world.dial(listener.address))
            accepted += try world.ring.completions(1)
        }
        #expect(accepted.allSatisfy { $0.token == token && $0.result > 0 && !$0.isLast })
        #expect(Set(accepted.map(\.result)).count == 120)
        let last = try world.ring.cancelAll()
        #expect(last.map(\.error) == [.cancelled])
        #expect(last.last?.isLast == true)
        for completion in accepted { world.ring.close(completion.result) }
        for client in clients { client.close() }
    }

    // A simulated descriptor has no flags.
    @Test("Accepted descriptors are blocking and close-on-exec", arguments: TestedEngine.real)
    func flags(engine: TestedEngine) throws {
        let world = try World(engine)
        let listener = try world.listen()
        let client = try world.dial(listener.address)
        try world.ring.submit(.acceptMultishot(descriptor: listener.descriptor, token: token))
        let descriptor = try #require(try world.ring.completions(1).first).result
        #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK == 0)
        _ = try world.ring.cancelAll()
        world.ring.close(descriptor)
        client.close()
    }

    @Test("Accepting fails without descriptors, and resumes when it is submitted again", arguments: TestedEngine.all)
    func outOfDescriptors(engine: TestedEngine) async {
        await #expect(processExitsWith: .success) { [engine] in
            // Exits after everything that the attempt took is released, or the leak checker would report it.
            exit(try Self.acceptsAgain(on: engine) ? EXIT_SUCCESS : EXIT_FAILURE)
        }
    }

    private static func acceptsAgain(on engine: TestedEngine) throws -> Bool {
        let world = try World(engine)
        let listener = try world.listen()
        let client = try world.dial(listener.address)
        defer { client.close() }
        let accept = SubmissionEntry.acceptMultishot(
            descriptor: listener.descriptor,
            token: OperationToken(kind: 1)
        )
        let failed = try world.withoutDescriptors {
            try world.ring.submit(accept)
            return try world.ring.completions(1)
        }
        guard failed.map(\.error) == [.tooManyOpenFiles], failed[0].isLast else { return false }
        try world.ring.submit(accept)
        let accepted = try world.ring.completions(1).map(\.result).filter { $0 > 0 }
        _ = try world.ring.cancelAll()
        for descriptor in accepted { world.ring.close(descriptor) }
        return accepted.count == 1
    }

    @Test("Accepting on a socket that does not listen fails", arguments: TestedEngine.all)
    func notListening(engine: TestedEngine) throws {
        let world = try World(engine)
        let connection = try world.connect()
        for descriptor in [connection.near, -1, 1 << 20] {
            try world.ring.submit(.acceptMultishot(descriptor: descriptor, token: token))
            let completion = try #require(try world.ring.completions(1).first)
            #expect(completion.error == SystemError(descriptor == connection.near ? EINVAL : EBADF))
            #expect(completion.isLast)
        }
    }
}
