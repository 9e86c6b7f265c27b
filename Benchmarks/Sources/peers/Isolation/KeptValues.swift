/// The values that fill a store, and the clients that store large values afterwards.
struct KeptValues {
    /// 197 MB: more than the limit of a loop's pool.
    var records = 12_024
    var recordSize = 16 << 10
    /// Clients that share the records.
    var fillers = 4
    var clients = 8
    var clientSize = 1 << 20

    /// Time limits in seconds, far beyond normal: a store that reaches them has stopped.
    private static let fillLimit = 20
    private static let clientLimit = 10

    var fillArguments: [String] {
        [
            "--clients", "\(fillers)", "--records", "\(records / fillers)", "--size", "\(recordSize)",
            "--limit", "\(Self.fillLimit)s",
        ]
    }

    var clientArguments: [String] {
        ["--clients", "\(clients)", "--records", "1", "--size", "\(clientSize)", "--limit", "\(Self.clientLimit)s"]
    }
}
