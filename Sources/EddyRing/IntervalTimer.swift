internal import CLiburing

/// A kernel timer for periodic work.
///
/// A deadline of `enter` is armed and disarmed at each wait. This timer is armed once and costs a busy loop nothing.
@safe
package final class IntervalTimer {
    private let time: UnsafeMutablePointer<__kernel_timespec>

    package init(seconds: Int) {
        unsafe time = .allocate(capacity: 1)
        unsafe time.initialize(to: __kernel_timespec(tv_sec: Int64(seconds), tv_nsec: 0))
    }

    deinit {
        unsafe time.deallocate()
    }

    /// An operation that completes when the interval has passed.
    package func start(token: OperationToken) -> SubmissionEntry {
        unsafe .timeout(time, token: token)
    }
}
