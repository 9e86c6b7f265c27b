internal import Histogram

extension LoadReport {
    /// Latencies in microseconds, exact to three significant digits.
    ///
    /// They include the requests that were answered within the window, and those that were outstanding at its end. A
    /// request without a reply is included with its age when it was given up, if that is above the median: its latency
    /// would have been longer still.
    public struct Latency: Sendable, Codable, Equatable {
        /// The shortest.
        public var min: Double
        /// The average.
        public var mean: Double
        /// Half of the requests took no longer.
        public var p50: Double
        /// 90 of 100 requests took no longer.
        public var p90: Double
        /// 99 of 100 requests took no longer.
        public var p99: Double
        /// 999 of 1,000 requests took no longer.
        public var p99_9: Double
        /// The longest.
        public var max: Double

        /// - Returns: nil when no request was answered.
        init?(_ counts: LoadCounts) {
            guard counts.latencies.totalCount > 0 else { return nil }
            var all = counts.latencies
            let median = all.valueAtPercentile(50)
            for ages in counts.agesWithoutReply.recordedValues() where ages.value > median {
                all.record(ages.value, count: ages.count)
            }
            func percentile(_ percentile: Double) -> Double {
                // A percentile lies within its bucket; the highest one must not exceed the maximum.
                Double(Swift.min(all.valueAtPercentile(percentile), all.maxRecorded)) / 1000
            }
            min = Double(all.min) / 1000
            mean = all.mean / 1000
            p50 = percentile(50)
            p90 = percentile(90)
            p99 = percentile(99)
            p99_9 = percentile(99.9)
            max = Double(all.maxRecorded) / 1000
        }
    }
}
