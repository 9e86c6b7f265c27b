internal import CLiburing
internal import Glibc

/// A counting semaphore (sem_overview(7)), by which one thread waits for another.
@safe
package final class Semaphore: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    package init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe semaphore.initialize(to: sem_t())
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    package func signal() {
        unsafe sem_post(semaphore)
    }

    package func wait() {
        // EINTR: a signal handler interrupted the wait.
        while unsafe sem_wait(semaphore) != 0 {}
    }

    /// Waits for a signal until `deadline`.
    ///
    /// - Returns: whether the signal arrived.
    package func wait(until deadline: Instant) -> Bool {
        let second: UInt64 = 1_000_000_000
        var time = timespec(tv_sec: Int(deadline.nanoseconds / second), tv_nsec: Int(deadline.nanoseconds % second))
        while unsafe sem_clockwait(semaphore, CLOCK_MONOTONIC, &time) != 0 {
            guard errno == EINTR else { return false }
        }
        return true
    }
}
