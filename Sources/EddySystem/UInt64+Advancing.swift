extension UInt64 {
    /// This time (nanoseconds of CLOCK_MONOTONIC) plus `duration`; `UInt64.max` on overflow.
    package func advanced(by duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return self }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return .max }
        let (sum, sumOverflow) = addingReportingOverflow(whole)
        let (result, resultOverflow) = sum.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
        return sumOverflow || resultOverflow ? .max : result
    }
}
