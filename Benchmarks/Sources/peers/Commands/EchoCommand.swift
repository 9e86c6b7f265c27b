import ArgumentParser

struct EchoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo",
        abstract: "Compare echo servers on one processor under load."
    )

    @OptionGroup var options: PeerOptions
    @OptionGroup var comparison: ComparisonOptions

    func run() throws {
        let programs = try options.programs()
        let peers = try options.choose(from: EchoPeers(programs: programs).all(variants: comparison.variants))
        let comparison = try comparison.comparison(of: peers, in: .echo, with: programs)
        try options.format.print(comparison.run(), asMarkdown: \.markdown)
    }
}
