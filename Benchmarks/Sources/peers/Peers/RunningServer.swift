import Glibc

/// A server that accepts connections. It runs until `end`, or until the last reference to this object is dropped.
final class RunningServer {
    let address: String
    private let program: RunningProgram

    /// Starts a server that prints "listening on HOST:PORT" when it is ready.
    init(_ program: Program) throws {
        let running = try RunningProgram(program)
        do {
            address = try running.waitForLine(startingWith: "listening on ")
        } catch {
            running.end()
            throw error
        }
        self.program = running
    }

    /// Starts a relay to an echo server that does not report readiness. It is ready when the address echoes a byte.
    init(_ program: Program, answeringAt address: String) throws {
        let running = try RunningProgram(program)
        do {
            try Self.waitForAnswer(from: address)
        } catch {
            running.end()
            throw PeersError("\(program.name) does not answer: \(error)")
        }
        self.address = address
        self.program = running
    }

    private static func waitForAnswer(from address: String) throws {
        let limit = ContinuousClock.now + .seconds(10)
        while true {
            do {
                return try LocalConnection(to: address).echo(1)
            } catch {
                guard ContinuousClock.now < limit else { throw error }
                usleep(10_000)
            }
        }
    }

    deinit {
        end()
    }

    var process: pid_t {
        program.process
    }

    func end() {
        program.end()
    }

    /// Makes it shut down gracefully, and waits until it has ended.
    ///
    /// - Returns: its exit code.
    func shutDown() -> Int32 {
        program.end(signal: SIGTERM)
    }
}
