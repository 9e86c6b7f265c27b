/// The medians of all rounds of a peer in a case. Times are in microseconds.
struct PeerResult: Encodable {
    let peer: String
    let title: String
    let isReference: Bool
    let requestsPerSecond: Double
    let p50Us: Double
    let p99Us: Double
    let processorUs: Double
    /// The largest deviation of the processor time from its median, as a fraction of it.
    let processorSpread: Double
    let samples: [Sample]

    init(of peer: Peer, in load: LoadCase, samples: [Sample]) {
        let processorUs = median(samples.map(\.processorUs))
        self.peer = peer.name
        title = peer.title(load)
        isReference = peer.isReference
        requestsPerSecond = median(samples.map(\.requestsPerSecond))
        p50Us = median(samples.map(\.p50Us))
        p99Us = median(samples.map(\.p99Us))
        self.processorUs = processorUs
        processorSpread = (samples.map { abs($0.processorUs - processorUs) }.max() ?? 0) / processorUs
        self.samples = samples
    }

    /// This peer's processor time relative to another's: the median of the rounds' ratios. Drift from round to round
    /// affects both alike within a round, so a ratio is more stable than the times are.
    func processorRatio(to other: PeerResult) -> Double {
        median(zip(samples, other.samples).map { $0.processorUs / $1.processorUs })
    }

    /// This peer's requests per second relative to another's, computed in the same way.
    func rateRatio(to other: PeerResult) -> Double {
        median(zip(samples, other.samples).map { $0.requestsPerSecond / $1.requestsPerSecond })
    }
}
