/// The values that fill a store, and the clients that store large values afterwards.
struct KeptValues {
    /// 197 MB: more than a loop's pool may have.
    var records = 12_024
    var recordSize = 16 << 10
    /// Clients that share the records.
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
