/// One measurement of a peer in a case. Times are in microseconds.
struct Sample: Encodable {
    let requestsPerSecond: Double
    let p50Us: Double
    let p99Us: Double
    /// Processor time of all threads of the server for each request.
    let processorUs: Double
    /// The fraction of a processor that was used by processes outside the measurement.
    let disturbance: Double
}

extension Sample {
    init(_ report: LoadReport) {
        self.init(
            requestsPerSecond: report.requestsPerSecond,
            p50Us: report.p50Us,
            p99Us: report.p99Us,
            processorUs: report.serverProcessorNs / 1e3 / report.requests,
            disturbance: report.disturbance
        )
    }
}
