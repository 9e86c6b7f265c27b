/// Peers measured side by side.
///
///     round 1   case 1: B A C   case 2: C B A   …
///     round 2   case 1: C A B   …
///
/// A machine drifts: it heats up, and other processes come and go. So each round measures every peer in every case, in
/// random order, each time with a newly started server. The result is the median of the rounds.
struct Comparison {
    let peers: [Peer]
    var cases: [LoadCase]
    let rounds: Int
    let load: Load
    let serverCore: CPU
    /// If other processes use more than this fraction of a processor, a measurement is repeated.
    let tolerableDisturbance: Double
    /// The server behind the relays. It shares the load generator's processor.
    var upstream: Peer?
    /// A busy loop shares the server's processor, so that the server is the bottleneck, and not the load generator.
    var saturates = false

    /// How often a measurement is tried. After that, the least disturbed one counts.
    private static let attempts = 5

    func run() throws -> ComparisonResult {
        for load in cases {
            for peer in peers { try verify(peer, in: load) }
        }

        var samples = cases.map { _ in peers.map { _ in [Sample]() } }
        for round in 1...rounds {
            for (row, load) in cases.enumerated() {
                report("round \(round) of \(rounds), \(load.name)")
                for column in peers.indices.shuffled() {
                    samples[row][column].append(try measure(peers[column], in: load))
                }
            }
        }
        return ComparisonResult(
            rounds: rounds,
            seconds: load.seconds,
            isSaturated: saturates,
            cases: zip(cases, samples).map { load, samples in
                CaseResult(load, results: zip(peers, samples).map { PeerResult(of: $0, in: load, samples: $1) })
            }
        )
    }

    /// A peer that does not echo every byte unchanged is not measured at all.
    private func verify(_ peer: Peer, in load: LoadCase) throws {
        var check = self.load
        check.seconds = 0.05
        check.warmup = 0
        check.verifies = true
        _ = try run(peer, in: load, with: check)
    }

    private func measure(_ peer: Peer, in load: LoadCase) throws -> Sample {
        var best = Sample(try run(peer, in: load, with: self.load))
        var attempts = 1
        while best.disturbance > tolerableDisturbance, attempts < Self.attempts {
            report("  \(peer.name): repeated, others used \(percent(best.disturbance)) of a processor")
            let next = Sample(try run(peer, in: load, with: self.load))
            if next.disturbance < best.disturbance { best = next }
            attempts += 1
        }
        let doubt = best.disturbance > tolerableDisturbance ? ", disturbed" : ""
        report("  \(peer.name): \(microseconds(best.processorUs)) µs of processor time per request\(doubt)")
        return best
    }

    /// Measures once, with servers of its own.
    private func run(_ peer: Peer, in load: LoadCase, with generator: Load) throws -> LoadReport {
        let upstream = try self.upstream?.start(load, Peer.Place(core: generator.core))
        defer { upstream?.end() }
        let server = try peer.start(load, Peer.Place(core: serverCore, upstream: upstream?.address ?? ""))
        defer { server.end() }
        // Of equal weight: the server gets half of its processor, and never catches up with the load.
        let competitor = saturates ? try RunningProgram(Program.busyLoop.on(serverCore)) : nil
        defer { competitor?.end() }
        return try generator.run(load, at: server, beside: upstream?.process ?? competitor?.process)
    }
}
