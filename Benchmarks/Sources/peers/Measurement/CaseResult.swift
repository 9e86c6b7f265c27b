/// The results of all peers in one case.
struct CaseResult: Encodable {
    let load: LoadCase
    /// The peer that the others are compared with: the reference that took the least processor time.
    let reference: String?
    let results: [PeerResult]

    init(_ load: LoadCase, results: [PeerResult]) {
        self.load = load
        self.results = results
        reference = results.filter(\.isReference).min { $0.processorUs < $1.processorUs }?.peer
    }

    func result(of peer: String) -> PeerResult? {
        results.first { $0.peer == peer }
    }

    var table: Table {
        let reference = self.reference.flatMap(result)
        let last = reference.map { ["against \($0.peer)"] } ?? []
        var table = Table([load.name, "requests/s", "p50 µs", "p99 µs", "processor µs per request", "±"] + last)
        for result in results {
            let ratio = reference.map { [figure(result.processorRatio(to: $0), digits: 2)] } ?? []
            table.rows.append(
                [
                    result.title, figure(result.requestsPerSecond), microseconds(result.p50Us),
                    microseconds(result.p99Us), microseconds(result.processorUs), percent(result.processorSpread),
                ] + ratio
            )
        }
        return table
    }
}
