import Glibc

/// A server that takes connections. It runs until `end`, or as long as someone holds this.
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

    /// Starts a relay to an echo server that gets its listening socket from us. It is ready when a byte comes back.
    init(_ program: Program, on listener: ListeningSocket) throws {
        var program = program
        program.extra = listener.descriptor
        let running = try RunningProgram(program)
        do {
            try LocalConnection(to: listener.address).echo(1)
        } catch {
            running.end()
            throw PeersError("\(program.name) does not answer: \(error)")
        }
        address = listener.address
        self.program = running
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
