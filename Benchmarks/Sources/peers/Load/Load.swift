import Foundation

/// Loads servers with `echo-load`, tied to a processor of its own.
struct Load {
    let program: String
    let core: CPU
    var seconds: Double
    var warmup: Double
    /// Compares every byte. That takes time of the load generator, not of the server.
    var verifies = false
    /// A command that runs the load generator, such as one that counts system calls.
    var wrapper: [String] = []

    init(_ programs: ProgramFolder, on core: CPU, seconds: Double, warmup: Double) {
        program = programs["echo-load"]
        self.core = core
        self.seconds = seconds
        self.warmup = warmup
    }

    /// Loads a server. Another process may run at the same time, and does not count as a disturbance.
    func run(
        _ load: LoadCase,
        at server: RunningServer,
        beside partner: pid_t? = nil,
        counters: MemoryFile? = nil
    ) throws -> LoadReport {
        var arguments = [server.address] + load.arguments
        arguments += ["--duration", "\(seconds)s", "--warmup", "\(warmup)s", "--server", "\(server.process)"]
        if verifies { arguments.append("--verify") }
        if let partner { arguments += ["--partner", "\(partner)"] }
        if let counters { arguments += ["--counters", counters.path] }

        let running = try RunningProgram(Program(wrapper + [program] + arguments).on(core))
        defer { running.end() }
        let (text, exitCode) = running.waitForOutput()
        guard exitCode == 0 else { throw PeersError("\(running.name) failed with exit code \(exitCode)") }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let report = try decoder.decode(LoadReport.self, from: Data(text.utf8))
        guard report.requests > 0 || verifies else {
            throw PeersError("nothing was echoed in the \(seconds) s of a measurement; use a longer --seconds")
        }
        return report
    }
}
