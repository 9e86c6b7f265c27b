/// A server that is measured, and how to start it.
struct Peer {
    /// The name for `--peers`.
    let name: String
    /// The title in a table. A peer may have another configuration for each case.
    let title: (LoadCase) -> String
    /// Others are compared with it, or with the best of several references.
    var isReference = false
    /// Why it cannot run here.
    var missing: String?
    let start: (LoadCase, Place) throws -> RunningServer

    /// Where a server runs.
    struct Place {
        var core: CPU?
        /// Variables that are added to this process's environment.
        var environment: [String] = []
        /// The server that a relay connects to.
        var upstream = ""
    }
}

extension Peer {
    /// A program that prints where it listens.
    init(_ name: String, _ title: String, arguments: @escaping (Place) -> [String]) {
        self.init(
            name: name,
            title: { _ in title },
            start: { _, place in try RunningServer(Program(arguments(place), in: place)) }
        )
    }
}

extension Program {
    init(_ arguments: [String], in place: Peer.Place) {
        self.init(arguments)
        environment = place.environment
        core = place.core
    }
}
