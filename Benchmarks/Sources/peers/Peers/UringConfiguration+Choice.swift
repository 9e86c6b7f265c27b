extension UringConfiguration {
    /// The best configuration for each case. Measured with `peers echo --variants`; the table is in the README.
    static func best(for load: LoadCase) -> UringConfiguration {
        if load.size >= 16 << 10 {
            UringConfiguration(chunks: 16, kibibytes: 256, isIncremental: true)
        } else {
            // A single connection gains from sends without completions; many lose.
            UringConfiguration(chunks: 128, kibibytes: 4, sendsInline: load.connections == 1)
        }
    }

    /// For the relay: each chunk holds what several connections send, and a bulk transfer gets long receives.
    static let relay = UringConfiguration(chunks: 4, kibibytes: 1024, isIncremental: true)

    /// The configurations that it was chosen from.
    static var candidates: [UringConfiguration] {
        let pools = [
            UringConfiguration(chunks: 128, kibibytes: 4),
            UringConfiguration(chunks: 64, kibibytes: 16),
            UringConfiguration(chunks: 16, kibibytes: 64, isIncremental: true),
            UringConfiguration(chunks: 16, kibibytes: 256, isIncremental: true),
            UringConfiguration(chunks: 4, kibibytes: 1024, isIncremental: true),
        ]
        return pools.flatMap { pool in
            [(false, false), (true, false), (false, true), (true, true)].map { sendsInline, registersFiles in
                var configuration = pool
                configuration.sendsInline = sendsInline
                configuration.registersFiles = registersFiles
                return configuration
            }
        }
    }
}
