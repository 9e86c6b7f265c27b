internal import CLiburing
internal import Glibc

/// CLOCK_MONOTONIC in nanoseconds: the clock of deadlines, on which the kernel measures them too.
package enum MonotonicClock {
    package static var now: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// The processor time of the calling thread, in nanoseconds, the system's work for it included.
package enum ThreadClock {
    package static var processorTime: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension UInt64 {
    /// This moment (nanoseconds of CLOCK_MONOTONIC) and `duration` later; the end of time when that overflows.
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
