import Foundation

/// A number with `digits` decimals, and commas between thousands.
func figure(_ value: Double, digits: Int = 0) -> String {
    let plain = String(format: "%.\(digits)f", abs(value))
    let parts = plain.split(separator: ".", maxSplits: 1)
    var grouped = ""
    for (index, digit) in parts[0].enumerated() {
        if index > 0, (parts[0].count - index) % 3 == 0 { grouped.append(",") }
        grouped.append(digit)
    }
    let sign = value < 0 ? "-" : ""
    return parts.count > 1 ? "\(sign)\(grouped).\(parts[1])" : sign + grouped
}

/// Microseconds with three significant digits.
func microseconds(_ value: Double) -> String {
    figure(value, digits: value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0)
}

/// A fraction as a whole number of percent.
func percent(_ part: Double) -> String {
    figure(part * 100) + " %"
}

/// The middle value, or the mean of the two in the middle.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

/// The value that the given part of all values does not exceed.
func quantile(_ part: Double, of values: [Double]) -> Double {
    guard !values.isEmpty else { return .nan }
    let rank = Int((part * Double(values.count)).rounded(.up))
    return values.sorted()[min(max(rank, 1), values.count) - 1]
}
