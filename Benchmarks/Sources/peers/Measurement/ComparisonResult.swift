/// What a comparison gave for all cases.
struct ComparisonResult: Encodable {
    let machine = Machine()
    let rounds: Int
    /// How long each measurement took.
    let seconds: Double
    let cases: [CaseResult]

    /// A table for each case, and one of all.
    var markdown: String {
        let tables = cases.map(\.table.text) + (summary.map { [$0.text] } ?? [])
        let method = "Medians of \(rounds) rounds of \(seconds) s each; \(machine.description)."
        return (tables + [method]).joined(separator: "\n\n")
    }

    /// What Eddy's processor time a request is against each peer's, in all cases.
    private var summary: Table? {
        guard let first = cases.first, first.result(of: "eddy") != nil, first.results.count > 1 else { return nil }
        var table = Table(["Eddy's processor time against"] + cases.map(\.load.name))
        for peer in first.results.map(\.peer) where peer != "eddy" {
            let ratios = cases.map { found in
                (found.result(of: "eddy")?.processorUs ?? .nan) / (found.result(of: peer)?.processorUs ?? .nan)
            }
            table.rows.append([peer] + ratios.map { figure($0, digits: 2) })
        }
        return table
    }
}
