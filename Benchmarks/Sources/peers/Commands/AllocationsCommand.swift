import ArgumentParser

struct AllocationsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "allocations",
        abstract: "Count the heap allocations of echo servers for each request, after warm-up."
    )

    @OptionGroup var options: PeerOptions
    @OptionGroup var load: LoadOptions

    func run() throws {
        let programs = try options.programs()
        let cores = try CPU.firstTwo()
        let peers = try options.choose(from: EchoPeers(programs: programs).all())
        let results = try load.cases(or: .echo).flatMap { load in
            try peers.map { peer in
                report("\(load.name), \(peer.name)")
                let generator = self.load.load(programs, on: cores.load)
                return try AllocationResult(of: peer, in: load, with: generator, on: cores.server, programs: programs)
            }
        }
        try options.format.print(results) { Self.table(of: $0).text }
    }

    private static func table(of results: [AllocationResult]) -> Table {
        var table = Table(["heap allocations", "case", "requests", "allocations", "per request"])
        for result in results {
            table.rows.append([
                result.title, result.load.name, figure(result.requests), figure(result.allocations),
                figure(result.allocations / result.requests, digits: 3),
            ])
        }
        return table
    }
}
