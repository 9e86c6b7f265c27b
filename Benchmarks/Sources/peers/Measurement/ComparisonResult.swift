/// The results of a comparison in all cases.
struct ComparisonResult: Encodable {
    let machine = Machine()
    let rounds: Int
    /// How long each measurement took.
    let seconds: Double
    /// Whether a busy loop shared the server's processor: then requests per second show the server's limit.
    let isSaturated: Bool
    let cases: [CaseResult]

    /// A table for each case, and a summary.
    var markdown: String {
        let summaries = [processorSummary, isSaturated ? rateSummary : nil].compactMap(\.self)
        let saturation = isSaturated ? ", with a busy loop on the server's processor" : ""
        let method = "Medians of \(rounds) rounds of \(seconds) s each\(saturation); \(machine.description)."
        return (cases.map(\.table.text) + summaries.map(\.text) + [method]).joined(separator: "\n\n")
    }

    /// Eddy's processor time per request relative to each peer's, in all cases.
    private var processorSummary: Table? { summary("processor time") { $0.processorRatio(to: $1) } }

    /// Eddy's requests per second relative to each peer's.
    private var rateSummary: Table? { summary("requests/s") { $0.rateRatio(to: $1) } }

    private func summary(_ subject: String, _ ratio: (PeerResult, PeerResult) -> Double) -> Table? {
        guard let first = cases.first, first.result(of: "eddy") != nil, first.results.count > 1 else { return nil }
        var table = Table(["Eddy's \(subject) against"] + cases.map(\.load.name))
        for peer in first.results.map(\.peer) where peer != "eddy" {
            let ratios = cases.map { found in
                guard let eddy = found.result(of: "eddy"), let other = found.result(of: peer) else { return Double.nan }
                return ratio(eddy, other)
            }
            table.rows.append([peer] + ratios.map { figure($0, digits: 2) })
        }
        return table
    }
}
