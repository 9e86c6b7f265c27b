/// Figures formatted for people.
enum Figure {
    /// `198,000`.
    static func count(_ value: Double) -> String {
        var digits = String(UInt64(value.rounded()))
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(digits.suffix(3), at: 0)
            digits.removeLast(3)
        }
        return ([digits[...]] + groups).joined(separator: ",")
    }

    /// `5.0 s`.
    static func seconds(_ value: Double) -> String { "\(tenths(value)) s" }

    /// `12.3 µs`, `4.5 ms` or `6.7 s`.
    static func microseconds(_ value: Double) -> String {
        switch value {
        case ..<1000: "\(tenths(value)) µs"
        case ..<1_000_000: "\(tenths(value / 1000)) ms"
        default: "\(tenths(value / 1_000_000)) s"
        }
    }

    /// `64 B`, `12.3 MiB`.
    static func bytes(_ count: UInt64) -> String { bytes(Double(count)) }

    /// `12.3 MiB per second`.
    static func bytesPerSecond(_ count: UInt64, in seconds: Double) -> String {
        "\(bytes(seconds > 0 ? Double(count) / seconds : 0)) per second"
    }

    private static func bytes(_ count: Double) -> String {
        var (value, unit) = (count, "B")
        for next in ["KiB", "MiB", "GiB", "TiB"] where value >= 1024 {
            (value, unit) = (value / 1024, next)
        }
        return unit == "B" ? "\(Int(value)) B" : "\(tenths(value)) \(unit)"
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = UInt64((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
