/// Limits on the harm to healthy clients and on the memory for harmful ones. Nil: no limit.
struct IsolationLimits {
    /// As a fraction of the undisturbed answers.
    var answersKept: Double? = 0.95
    var worstSecond: Double? = 0.60
    /// The 99th percentile of latency as a multiple of the undisturbed one, or how much longer it may be.
    var p99Ratio: Double? = 2
    var extraDelayMs: Double?
    var failures: Int? = 0
    /// Memory for each attacker.
    var bytesPerAttacker: Double?
    /// The default limit of a loop's pool. A server with several loops may use that many times as much.
    var growthPerLoop: Int? = 128 << 20
    var unreturnedBytes: Int? = 8 << 20
    /// How long the clients of a store may take.
    var storeSeconds: Double?

    init() {}

    /// 1 MiB for each of 20 attackers, 32 KiB for each of 2,000.
    init(attackers count: Int) {
        bytesPerAttacker = min(Double(1 << 20), 2000 * Double(32 << 10) / Double(count))
    }

    /// Attackers that keep the server busy may delay the probe, which waits for a turn of each of them: by 5 ms if
    /// there is one, by 50 ms if there are a hundred. The server processes what they have sent after they have left, so
    /// their memory stays until then.
    init(blasters count: Int) {
        unreturnedBytes = nil
        answersKept = nil
        worstSecond = nil
        p99Ratio = nil
        extraDelayMs = max(5, 0.5 * Double(count))
    }

    /// The service keeps the values on purpose, so their memory has no limit.
    static var keptValues: IsolationLimits {
        var limits = IsolationLimits()
        limits.growthPerLoop = nil
        limits.unreturnedBytes = nil
        limits.storeSeconds = 1
        return limits
    }
}
