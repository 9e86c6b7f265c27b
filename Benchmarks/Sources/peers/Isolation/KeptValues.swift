/// How a store is filled, and the clients whose values come then.
struct KeptValues {
    /// 197 MB: more than a loop's pool may have.
    var records = 12_024
    var recordSize = 16 << 10
    /// Divided among them.
    var fillers = 4
    var clients = 8
    var clientSize = 1 << 20

    func fillArguments(limit: Int) -> [String] {
        [
            "--clients", "\(fillers)", "--records", "\(records / fillers)", "--size", "\(recordSize)",
            "--limit", "\(limit)s",
        ]
    }

    func clientArguments(limit: Int) -> [String] {
        ["--clients", "\(clients)", "--records", "1", "--size", "\(clientSize)", "--limit", "\(limit)s"]
    }
}

/// What became of the clients of a store.
struct StoreReport: Codable, Equatable {
    /// Those with all their values acknowledged.
    let completed: Int
    let failed: Int
    /// Until the last one was done.
    let seconds: Double
}
