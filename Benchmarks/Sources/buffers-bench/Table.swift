/// The figures, one row per case.
struct Table {
    private var rows: [(name: String, medians: [(String, Double)])] = []

    /// Runs `kinds` `rounds` times, alternating all kinds, and keeps each one's median.
    mutating func measure(_ name: String, rounds: Int, _ kinds: () -> [(String, Double)]) {
        var figures: [String: [Double]] = [:]
        var order: [String] = []
        _ = kinds()
        for _ in 0..<rounds {
            for (kind, nanoseconds) in kinds() {
                if figures[kind] == nil { order.append(kind) }
                figures[kind, default: []].append(nanoseconds)
            }
        }
        rows.append((name, order.map { ($0, figures[$0]!.sorted()[rounds / 2]) }))
    }

    func print() {
        Swift.print("| ns an operation | eddy | malloc | NIO |\n| --- | --- | --- | --- |")
        for row in rows {
            let figures = Dictionary(uniqueKeysWithValues: row.medians)
            let cells = ["eddy", "malloc", "NIO"].map { figures[$0].map { "\((($0 * 10).rounded()) / 10)" } ?? "" }
            Swift.print("| \(row.name) | \(cells.joined(separator: " | ")) |")
        }
    }
}

/// Keeps the optimiser from removing the code that creates `pointer`.
@inline(never)
@_optimize(none)
func use(_ pointer: UnsafeRawPointer?) {}
