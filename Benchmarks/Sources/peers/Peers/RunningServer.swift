import Glibc

/// A server that has said where it listens. It runs until `end`, or as long as someone holds this.
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

    /// Starts a server that gets its listening socket from us. Connections wait in it until the server is ready.
    init(_ program: Program, on listener: ListeningSocket) throws {
        self.program = try RunningProgram(program)
        address = listener.address
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
}
