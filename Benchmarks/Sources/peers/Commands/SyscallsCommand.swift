import ArgumentParser

struct SyscallsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "syscalls",
        abstract: "Show which system calls echo servers make, and how many for each request."
    )

    @OptionGroup var options: PeerOptions
    @OptionGroup var load: LoadOptions

    func run() throws {
        guard ProgramFolder.has("strace") else { throw PeersError("strace is not in PATH; install the package strace") }
        let programs = try options.programs()
        let cores = try CPU.firstTwo()
        let peers = try options.choose(from: EchoPeers(programs: programs).all())
        let results = try load.cases(or: [.fiftySmall]).flatMap { load in
            try peers.map { peer in
                report("\(load.name), \(peer.name)")
                let generator = self.load.load(programs, on: cores.load)
                return try SystemCallResult(of: peer, in: load, with: generator, on: cores.server)
            }
        }
        try options.format.print(results) { Self.table(of: $0).text }
    }

    private static func table(of results: [SystemCallResult]) -> Table {
        var table = Table(["system calls", "case", "per request", "per request under strace", "which"])
        for result in results {
            let all = result.traced.map(\.count).reduce(0, +)
            let frequent = result.traced.prefix { $0.count * 1000 >= all }.map { calls in
                "\(calls.name) \(figure(Double(calls.count) / Double(all) * 100, digits: 1)) %"
            }
            table.rows.append([
                result.title, result.load.name,
                result.untracedPerRequest.map { figure($0, digits: 3) } ?? "unknown",
                figure(result.traced.map(\.perRequest).reduce(0, +), digits: 3),
                frequent.joined(separator: ", "),
            ])
        }
        return table
    }
}
