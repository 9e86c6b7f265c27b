extension LoadReport {
    /// Requests that were sent within the test and had no reply when the window ended.
    public struct Outstanding: Sendable, Codable, Equatable {
        /// How many there were: the depth for each connection, unless connections were broken.
        public var requests: UInt64
        /// How many of them were answered later.
        public var answered: UInt64
        /// The age of the oldest at the end of the window, in microseconds; nil when there were none.
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

        /// All keys, also that of an absent value.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(requests, forKey: .requests)
            try container.encode(answered, forKey: .answered)
            try container.encode(oldest, forKey: .oldest)
        }
    }

    /// Requests that never got a reply: their connection broke, or they were given up after the end.
    public struct Unanswered: Sendable, Codable, Equatable {
        /// How many there were.
        public var requests: UInt64
        /// The age of the oldest when it was given up, in microseconds; nil when there were none.
        public var oldest: Double?

        private enum CodingKeys: String, CodingKey {
            case requests
            case oldest = "oldest_us"
        }

        init(_ counts: LoadCounts.Unanswered) {
            requests = counts.requests
            oldest = counts.requests == 0 ? nil : Double(counts.oldest) / 1000
        }

        /// All keys, also that of an absent value.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(requests, forKey: .requests)
            try container.encode(oldest, forKey: .oldest)
        }
    }
}
