internal import EddyRing
internal import Glibc

/// Ends the process with one line on standard error, because a loop's ring has failed.
///
/// Causes are code that closes descriptors that it does not own, and kernel bugs. The loop no longer knows which memory
/// the kernel still writes to, so it cannot continue safely.
func endProcess(brokenRing error: RingError) -> Never {
    writeToStandardError(
        "eddy: an event loop's ring is broken: \(error); look for code that closes descriptors of others\n"
    )
    abort()
}
