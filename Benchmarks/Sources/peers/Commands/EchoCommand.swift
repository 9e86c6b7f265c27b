import ArgumentParser

struct EchoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo",
        abstract: "Compare echo servers on one processor under load."
    )

    @OptionGroup var options: PeerOptions
    @OptionGroup var comparison: ComparisonOptions

    @Flag(help: "Measure all configurations of the io_uring server in C, in place of the one that wins in each case.")
    var variants = false

    func run() throws {
        let programs = try options.programs()
        let peers = try options.choose(from: EchoPeers(programs: programs).all(variants: variants))
        let comparison = try comparison.comparison(of: peers, in: .echo, with: programs)
        try options.format.print(comparison.run(), asMarkdown: \.markdown)
    }
}
