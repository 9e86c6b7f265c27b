import ArgumentParser

struct ShutdownCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shutdown",
        abstract: "Show how long a server takes to shut down while idle peers stay connected, and how they are ended."
    )

    @Option(help: ArgumentHelp("The eddy command to measure.", valueName: "path"))
    var eddy: String

    @Option(help: "Number of idle connections. Each takes a descriptor here, and one or two in the server.")
    var connections = 1000

    @Option(help: "How many times each server is shut down.")
    var rounds = 5

    @Option(help: "Output format.")
    var format = OutputFormat.markdown

    func validate() throws {
        guard (1...9000).contains(connections) else { throw ValidationError("--connections must be from 1 to 9000") }
        guard rounds > 0 else { throw ValidationError("--rounds must be at least 1") }
    }

    func run() throws {
        let results = try [IsolationEngine.uring, .epoll].flatMap { engine in
            report("\(engine.rawValue): \(connections) connections")
            return [
                try ShutdownResult("echo", engine, connections: connections, rounds: rounds) {
                    (try start(["echo"], on: engine), nil)
                },
                try ShutdownResult("proxy", engine, connections: connections, rounds: rounds) {
                    let upstream = try start(["echo"], on: engine)
                    return (try start(["proxy", "--to", upstream.address], on: engine), upstream)
                },
            ]
        }
        try format.print(results) { Self.table(of: $0).text }
    }

    private func start(_ arguments: [String], on engine: IsolationEngine) throws -> RunningServer {
        var program = Program([eddy] + arguments + ["--listen", "127.0.0.1:0", "--loops", "1"])
        program.environment += engine.environment
        return try RunningServer(program)
    }

    private static func table(of results: [ShutdownResult]) -> Table {
        var table = Table([
            "shutdown", "engine", "idle connections", "ms to exit", "slowest", "not ended gracefully", "failed",
        ])
        for result in results {
            table.rows.append([
                result.service, result.engine.rawValue, figure(Double(result.connections)),
                figure(result.median * 1000), figure((result.seconds.last ?? 0) * 1000),
                figure(Double(result.broken)), figure(Double(result.failures)),
            ])
        }
        return table
    }
}
