import ArgumentParser

struct EchoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo",
        abstract: "Compare echo servers on one processor under load."
    )

    @OptionGroup var options: PeerOptions
    @OptionGroup var comparison: ComparisonOptions

    @Flag(help: "A busy loop shares the server's processor, so that requests per second show the server's limit.")
    var saturate = false

    func run() throws {
        let programs = try options.programs()
        let peers = try options.choose(from: EchoPeers(programs: programs).all(variants: comparison.variants))
        var comparison = try comparison.comparison(of: peers, in: .echo, with: programs)
        comparison.saturates = saturate
        try options.format.print(comparison.run(), asMarkdown: \.markdown)
    }
}
