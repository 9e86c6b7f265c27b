import ArgumentParser

struct MemoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory",
        abstract: "Show how much memory echo servers take, and how much more for each idle connection."
    )

    @OptionGroup var options: PeerOptions

    @Option(help: "Number of idle connections. Each takes a descriptor here and one in the server.")
    var connections = 5000

    func validate() throws {
        guard (1...25_000).contains(connections) else {
            throw ValidationError("--connections must be from 1 to 25000, because all share the ports of one address")
        }
    }

    func run() throws {
        let programs = try options.programs()
        let results = try options.choose(from: EchoPeers(programs: programs).all()).map { peer in
            report("\(peer.name): \(connections) connections")
            return try MemoryResult(of: peer, connections: connections)
        }
        try options.format.print(results) { Self.table(of: $0).text }
    }

    private static func table(of results: [MemoryResult]) -> Table {
        var table = Table(["memory", "MB at rest", "connections", "bytes more for each", "after an echo"])
        for result in results {
            table.rows.append([
                result.title, figure(Double(result.baseBytes) / 1e6, digits: 1), figure(Double(result.connections)),
                figure(result.bytesPerIdleConnection), figure(result.bytesPerUsedConnection),
            ])
        }
        return table
    }
}
