/// Every answer that the probe got. Times are microseconds since the probe began.
struct ProbeReport: Decodable {
    struct Request: Decodable {
        let sentUs: Double
        let latencyUs: Double

        var answeredUs: Double { sentUs + latencyUs }

        init(sentUs: Double, latencyUs: Double) {
            self.sentUs = sentUs
            self.latencyUs = latencyUs
        }

        /// Encoded as a pair: there are tens of thousands of them.
        init(from decoder: any Decoder) throws {
            var pair = try decoder.unkeyedContainer()
            sentUs = try pair.decode(Double.self)
            latencyUs = try pair.decode(Double.self)
        }
    }

    /// A connection that the server ended, or that had a wrong answer.
    struct Failure: Codable {
        let atUs: Double
        let reason: String
    }

    var answers: [Request] = []
    /// Requests in flight at the end. Their latency is the time until then.
    var unanswered: [Request] = []
    var failures: [Failure] = []
}
