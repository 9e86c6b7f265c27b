import ArgumentParser

/// What is measured.
struct PeerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The eddy command to measure.", valueName: "path"))
    var eddy: String

    @Option(
        help: ArgumentHelp("Another eddy command, from other sources, to measure with it.", valueName: "path")
    )
    var baseline: String?

    @Option(help: ArgumentHelp("Peers to measure, separated by commas (default: all).", valueName: "names"))
    var peers: CommaSeparated<String>?

    @Option(help: "Output format.")
    var format = OutputFormat.markdown

    func programs() throws -> ProgramFolder {
        try ProgramFolder(eddy: eddy, baseline: baseline)
    }

    /// The requested peers, or all that can run here.
    func choose(from all: [Peer]) throws -> [Peer] {
        guard let names = peers?.elements else {
            for peer in all {
                if let missing = peer.missing { report("without \(peer.name): \(missing)") }
            }
            return all.filter { $0.missing == nil }
        }
        return try names.map { name in
            guard let peer = all.first(where: { $0.name == name }) else {
                let known = all.map(\.name).joined(separator: ", ")
                throw PeersError("unknown peer '\(name)'; expected one of \(known)")
            }
            if let missing = peer.missing { throw PeersError("cannot measure \(name): \(missing)") }
            return peer
        }
    }
}
