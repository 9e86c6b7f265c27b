/// Heap allocations of a server while it was loaded.
struct AllocationResult: Encodable {
    let peer: String
    let title: String
    let load: LoadCase
    let requests: Double
    /// Calls of malloc, calloc, realloc and related functions in the measured window.
    let allocations: Double

    /// Loads a server whose calls a preloaded library counts. The warm-up does not count.
    init(of peer: Peer, in load: LoadCase, with generator: Load, on core: CPU, programs: ProgramFolder) throws {
        let library = programs["libmalloc-count.so"]
        let counters = try MemoryFile([UInt8](repeating: 0, count: 4096))
        let environment = ["LD_PRELOAD=\(library)", "MALLOC_COUNT_FILE=\(counters.path)"]
        let server = try peer.start(load, Peer.Place(core: core, environment: environment))
        defer { server.end() }
        guard counters.contents.contains(where: { $0 != 0 }) else {
            throw PeersError("\(peer.name) did not load \(library), so nothing can be counted")
        }
        let found = try generator.run(load, at: server, counters: counters)

        self.peer = peer.name
        title = peer.title(load)
        self.load = load
        requests = found.requests
        allocations = found.counters.reduce(0, +)
    }
}
