/// What `echo-load` says about the measured window. Times in its names' unit.
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
    /// How far the counters of a preloaded library have moved.
    let counters: [Double]

    /// Which part of a processor was taken by what does not belong to the measurement.
    var disturbance: Double {
        (otherProcessorNs + stolenNs) / (durationS * 1e9)
    }
}
