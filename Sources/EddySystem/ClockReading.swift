internal import CLiburing
internal import Glibc

/// The time of a system clock in nanoseconds (clock_gettime(2)).
func nanoseconds(of clock: clockid_t) -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
