import Foundation

/// Loads servers with `echo-load`, tied to a processor of its own.
struct Load {
    let program: String
    let core: CPU
    let seconds: Double
    let warmup: Double

    /// More than this of a processor used by others, and a measurement is done again.
    static let tolerableDisturbance = 0.05

    func run(_ load: LoadCase, at address: String, more: [String] = []) throws -> LoadReport {
        let arguments = [address] + load.arguments + ["--duration", "\(seconds)s", "--warmup", "\(warmup)s"] + more
        let running = try RunningProgram(Program(program, arguments).on(core))
        defer { running.end() }
        let (text, exitCode) = running.waitForOutput()
        guard exitCode == 0 else { throw PeersError("\(running.name) failed with exit code \(exitCode)") }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(LoadReport.self, from: Data(text.utf8))
    }
}
