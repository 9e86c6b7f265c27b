extension LoadReport {
    /// Requests that were sent within the test and had no reply when the window ended.
    public struct Outstanding: Sendable, Codable, Equatable {
        /// The number of these requests: the depth for each connection, unless connections broke.
        public var requests: UInt64
        /// The number that were answered later.
        public var answered: UInt64
        /// The age of the oldest at the end of the window, in microseconds; nil if there were none.
        public var oldest: Double?

        private enum CodingKeys: String, CodingKey {
            case requests
            case answered
            case oldest = "oldest_us"
        }

        init(_ counts: LoadCounts.Outstanding) {
            requests = counts.requests
            answered = counts.answered
            oldest = counts.requests == 0 ? nil : Double(counts.oldest) / 1000
        }

        /// Encodes all keys, including those of absent values.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(requests, forKey: .requests)
            try container.encode(answered, forKey: .answered)
            try container.encode(oldest, forKey: .oldest)
        }
    }

    /// Requests that never got a reply: their connection broke, or they were given up after the end.
    public struct Unanswered: Sendable, Codable, Equatable {
        /// The number of these requests.
        public var requests: UInt64
        /// The age of the oldest when it was given up, in microseconds; nil if there were none.
        public var oldest: Double?

        private enum CodingKeys: String, CodingKey {
            case requests
            case oldest = "oldest_us"
        }

        init(_ counts: LoadCounts.Unanswered) {
            requests = counts.requests
            oldest = counts.requests == 0 ? nil : Double(counts.oldest) / 1000
        }

        /// Encodes all keys, including those of absent values.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(requests, forKey: .requests)
            try container.encode(oldest, forKey: .oldest)
        }
    }
}
