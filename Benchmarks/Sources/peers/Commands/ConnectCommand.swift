import ArgumentParser

struct ConnectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Compare echo servers on one processor under short connections: connect, one echo, close."
    )

    @OptionGroup var options: PeerOptions
    @OptionGroup var comparison: ComparisonOptions

    @Flag(
        inversion: .prefixedNo,
        help: "A busy loop shares the server's processor, so that connections per second show the server's limit."
    )
    var saturate = true

    func validate() throws {
        guard comparison.load.cases(or: []).allSatisfy({ $0.depth == 1 && $0.size <= 64 << 10 }) else {
            throw ValidationError("each connection carries one message of at most 64 KiB; write for example 50x64")
        }
    }

    func run() throws {
        let programs = try options.programs()
        let peers = try options.choose(from: EchoPeers(programs: programs).allForShortConnections)
        var comparison = try comparison.comparison(of: peers, in: [.fiftySmall], with: programs)
        comparison.cases = comparison.cases.map(\.onNewConnections)
        comparison.saturates = saturate
        try options.format.print(comparison.run(), asMarkdown: \.markdown)
    }
}
