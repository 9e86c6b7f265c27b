extension Duration {
    /// The duration in nanoseconds, rounded down; 0 if it is negative, `UInt64.max` on overflow.
    package var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, sumOverflow) = whole.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
        return overflow || sumOverflow ? .max : sum
    }
}
