/// The report of `echo-load` on the measured window. Names have the units of times.
struct LoadReport: Decodable {
    let durationS: Double
    let requests: Double
    let allRequests: Double
    let requestsPerSecond: Double
    let p50Us: Double
    let p99Us: Double
    let serverProcessorNs: Double
    let otherProcessorNs: Double
    let stolenNs: Double
    /// The change of a preloaded library's counters.
    let counters: [Double]

    /// The fraction of a processor that was used by processes outside the measurement.
    var disturbance: Double {
        (otherProcessorNs + stolenNs) / (durationS * 1e9)
    }
}
