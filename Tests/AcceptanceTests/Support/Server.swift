import Foundation
import Testing

/// A server that prints `listening on 127.0.0.1:PORT` once it is ready: one of Eddy's, or another that a test needs.
struct Server {
    let command: RunningCommand
    let port: Int
    private let start = ContinuousClock.now

    /// Its data from `/proc`.
    var process: ProcessFacts { ProcessFacts(id: command.id) }

    static func echo(_ options: [String] = [], under wrapper: [String] = []) async throws -> Server {
        try await Server(wrapper + [Eddy.path, "echo", "--listen", "127.0.0.1:0"] + options)
    }

    static func proxy(to port: Int, _ options: [String] = [], under wrapper: [String] = []) async throws -> Server {
        let command = [Eddy.path, "proxy", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:\(port)"]
        return try await Server(wrapper + command + options)
    }

    /// Starts a server and waits until it is ready.
    init(_ command: [String]) async throws {
        let running = try RunningCommand(command)
        try await self.init(running)
    }

    init(_ command: RunningCommand) async throws {
        guard let ready = try await command.output.line() else {
            throw NotReady(errors: try await command.errors.all())
        }
        guard let port = ready.wholeMatch(of: /listening on 127\.0\.0\.1:(\d+)/)?.1 else {
            throw NotReady(errors: ["not the ready line: \(ready)"])
        }
        self.command = command
        self.port = Int(port)!
    }

    /// Ends one of Eddy's servers, and checks what must always hold then: exit code 0, and every slice returned to its
    /// pool. On standard error it must have printed `notice`, if set, and nothing else.
    @discardableResult
    func stop(
        _ signal: Int32 = SIGTERM,
        notice: String? = nil,
        at location: SourceLocation = #_sourceLocation
    ) async throws -> Farewell {
        command.send(signal)
        return try await farewell(notice: notice, at: location)
    }

    /// Waits for the server's end, and checks what must always hold then.
    @discardableResult
    func farewell(
        notice: String? = nil,
        at location: SourceLocation = #_sourceLocation
    ) async throws -> Farewell {
        let ending = try await command.ending()
        let output = try await command.output.all()
        // A busy machine may delay the loops; that is not the server's fault.
        let errors = try await command.errors.all().filter { !$0.hasPrefix("eddy: event loop ") }
        #expect(ending == .exit(0), sourceLocation: location)
        // A notice is repeated after ten seconds at the earliest.
        let repeats = Int((.now - start) / .seconds(10))
        let counts = notice == nil ? 0...0 : 1...1 + repeats
        #expect(counts.contains(errors.count), "\(errors)", sourceLocation: location)
        #expect(errors.allSatisfy { $0.contains(notice ?? "") }, "\(errors)", sourceLocation: location)
        let farewell = try #require(Farewell(output), "\(output)", sourceLocation: location)
        #expect(farewell.slicesOut == 0, sourceLocation: location)
        return farewell
    }
}

extension Server {
    /// Makes the server print its figures and continue (SIGUSR1).
    func figures() async throws -> Farewell {
        let place = command.output.lines.count
        command.send(SIGUSR1)
        _ = try await command.output.line(from: place) { $0.hasPrefix("pool:") }
        let lines = command.output.lines.dropFirst(place)
        return try #require(Farewell(Array(lines)), "\(lines)")
    }
}

/// The figures that one of Eddy's servers prints at its end and on request.
struct Farewell: Equatable {
    let connections: Int
    let received: Int
    let sent: Int
    let connectFailures: Int
    let timeouts: Int
    let slicesOut: Int
    let slabs: Int
    let slabBytes: Int

    init?(_ output: [String]) {
        // Figures printed on request (SIGUSR1) come before them.
        let text = output.suffix(3).joined(separator: "\n")
        guard
            let served = text.firstMatch(
                of: /served (\d+) connections?, (\d+) bytes received, (\d+) bytes sent/
            ),
            let now = text.firstMatch(of: /(\d+) connects failed, (\d+) timed out/),
            let pool = text.firstMatch(of: /pool: (\d+) slices out, (\d+) slabs of (\d+) bytes/)
        else { return nil }
        connections = Int(served.1)!
        received = Int(served.2)!
        sent = Int(served.3)!
        connectFailures = Int(now.1)!
        timeouts = Int(now.2)!
        slicesOut = Int(pool.1)!
        slabs = Int(pool.2)!
        slabBytes = Int(pool.3)!
    }
}

/// A server that ended, or printed something else, before it was ready.
struct NotReady: Error {
    let errors: [String]
}
