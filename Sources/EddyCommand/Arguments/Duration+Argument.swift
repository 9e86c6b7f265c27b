import ArgumentParser

extension Duration {
    /// Parses a number with a unit: `500us`, `10ms`, `1.5s`, `1m`, `1h`.
    static func argument(_ text: String) throws -> Duration {
        guard let start = text.firstIndex(where: \.isLetter), let number = decimal(text[..<start]),
            let unit = nanosecondsOfUnit[String(text[start...])], number * unit < 1e18
        else {
            throw ValidationError("'\(text)' is not a duration; write a number and a unit: 500us, 10ms, 5s, 1m, 1h")
        }
        return .nanoseconds(Int64(number * unit))
    }

    private static let nanosecondsOfUnit: [String: Double] = [
        "us": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9,
    ]

    /// Digits, with at most one point between them. `Double` alone would also accept signs, exponents and `nan`.
    private static func decimal(_ text: Substring) -> Double? {
        guard text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) else { return nil }
        return Double(text)
    }
}
