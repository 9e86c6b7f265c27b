internal import EddyRing
internal import Glibc

/// Ends the process with one line on standard error, because a loop's ring has failed.
///
/// It takes a descriptor that somebody else has closed, or a fault of the kernel. Such a ring no longer says which
/// memory the kernel still writes to, so nothing that goes on could be trusted.
func endProcess(brokenRing error: RingError) -> Never {
    writeToStandardError(
        "eddy: an event loop's ring is broken: \(error); look for code that closes descriptors of others\n"
    )
    abort()
}
