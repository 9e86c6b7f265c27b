/// System calls of a server while it was loaded.
struct SystemCallResult: Encodable {
    struct Calls: Encodable {
        let name: String
        let count: Int
        let perRequest: Double
    }

    let peer: String
    let title: String
    let load: LoadCase
    /// By name, the most frequent first. Stopping at each call slows the server, so that it finds more work after each.
    let traced: [Calls]
    /// All calls for each request, counted without stopping the server. Nil if perf may not count.
    let untracedPerRequest: Double?

    init(of peer: Peer, in load: LoadCase, with generator: Load, on core: CPU) throws {
        self.peer = peer.name
        title = peer.title(load)
        self.load = load
        let place = Peer.Place(core: core)
        untracedPerRequest = try CallCounter.run(on: peer.start(load, place), in: load, with: generator)
        traced = try CallTracer.run(on: peer.start(load, place), in: load, with: generator)
    }
}
