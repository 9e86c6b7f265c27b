import ArgumentParser

struct EchoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo",
        abstract: "Compare echo servers on one processor under load."
    )

    @OptionGroup var eddy: EddyOptions
    @OptionGroup var comparison: ComparisonOptions

    @Flag(help: "Measure all configurations of the io_uring server in C, in place of the one that wins in each case.")
    var variants = false

    func run() throws {
        let programs = try eddy.programs()
        let peers = try eddy.choose(from: EchoPeers(programs: programs).all(variants: variants))
        try comparison.comparison(of: peers, in: .echo, with: programs).run().print(as: eddy.format)
    }
}
