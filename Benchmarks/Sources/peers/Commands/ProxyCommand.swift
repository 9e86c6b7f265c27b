import ArgumentParser

struct ProxyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy",
        abstract: "Compare relays in front of an echo server on one processor under load."
    )

    @OptionGroup var options: PeerOptions
    @OptionGroup var comparison: ComparisonOptions

    func run() throws {
        let programs = try options.programs()
        let peers = try options.choose(from: RelayPeers(programs: programs).all(variants: comparison.variants))
        var comparison = try comparison.comparison(of: peers, in: .proxy, with: programs)
        comparison.upstream = EchoPeers(programs: programs).uring
        try options.format.print(comparison.run(), asMarkdown: \.markdown)
    }
}
