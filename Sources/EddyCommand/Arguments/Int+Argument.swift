import ArgumentParser

extension Int {
    /// Parses a count from 1 to `maximum`, with or without a suffix: `50`, `10k` (thousands), `1m` (millions).
    static func count(upTo maximum: Int) -> @Sendable (String) throws -> Int {
        { text in
            try read(text, units: ["": 1, "k": 1_000, "m": 1_000_000], range: 1...maximum, example: "50 or 10k")
        }
    }

    /// Parses a number of bytes from 1 to `maximum`: `64`, `16k` (1024), `1m` (1024²).
    static func byteCount(upTo maximum: Int) -> @Sendable (String) throws -> Int {
        { text in
            try read(text, units: ["": 1, "k": 1 << 10, "m": 1 << 20], range: 1...maximum, example: "64 or 16k")
        }
    }

    private static func read(
        _ text: String,
        units: [String: Int],
        range: ClosedRange<Int>,
        example: String
    ) throws -> Int {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text.dropFirst(digits.count)
        // The kelvin sign also becomes `k` in lower case.
        guard let number = Int(digits), suffix.utf8.allSatisfy({ $0 < 0x80 }), let unit = units[suffix.lowercased()]
        else {
            throw ValidationError("'\(text)' is not a number; write a number such as \(example)")
        }
        let (value, overflow) = number.multipliedReportingOverflow(by: unit)
        guard !overflow, range.contains(value) else {
            throw ValidationError(
                "\(text) is out of range; write a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }
}
