internal import CLiburing
internal import EddySystem
internal import Glibc

/// io_uring itself: two queues shared with the kernel, and the system calls that move them.
///
/// All calls are made on the thread that created the engine; the kernel enforces it (SINGLE_ISSUER).
@safe
final class KernelEngine {
    /// Features that need no probing, because the ring's setup reports them.
    struct Setup {
        var flags: UInt32
        /// Completions are posted only within `enter`, on this thread: no interrupts, best batching (6.1).
        var defersTaskWork: Bool { flags & UInt32(IORING_SETUP_DEFER_TASKRUN) != 0 }
        /// Deadlines of `enter` are absolute (6.12, the same release as FEAT_MIN_TIMEOUT).
        var hasAbsoluteDeadlines: Bool
        /// Whether waits can be excluded from I/O wait accounting (6.15). Otherwise an idle server looks like a busy
        /// disk (/proc/pressure/io).
        var knowsIdleWaits: Bool
    }

    let ring: UnsafeMutablePointer<io_uring>
    let setup: Setup
    /// The thread in whose table the ring's descriptor is registered.
    private let thread = gettid()

    /// Sets up a ring. Tries the best configuration first, and drops flags that an older kernel rejects or `features`
    /// lacks.
    init(submissionEntries: UInt32, completionEntries: UInt32, features: RingFeatures) throws(RingError) {
        let required: UInt32 = UInt32(IORING_SETUP_CLAMP) | UInt32(IORING_SETUP_CQSIZE)
        let ladder: [UInt32] = [
            UInt32(IORING_SETUP_SUBMIT_ALL) | UInt32(IORING_SETUP_SINGLE_ISSUER) | UInt32(IORING_SETUP_DEFER_TASKRUN),
            UInt32(IORING_SETUP_SUBMIT_ALL) | UInt32(IORING_SETUP_COOP_TASKRUN),
        ]
        let ring = UnsafeMutablePointer<io_uring>.allocate(capacity: 1)
        var result = -EINVAL
        for step in ladder.dropFirst(features.deferredTaskWork ? 0 : 1) where result == -EINVAL {
            unsafe ring.initialize(to: io_uring())
            var parameters = io_uring_params()
            parameters.flags = required | step
            parameters.cq_entries = completionEntries
            result = unsafe io_uring_queue_init_params(submissionEntries, ring, &parameters)
        }
        guard result == 0 else {
            unsafe ring.deallocate()
            throw RingError(setupFailure: SystemError(-result))
        }
        // Saves looking up the descriptor in each call. If registration is refused, the plain descriptor is used.
        let registered = unsafe io_uring_register_ring_fd(ring)
        let entered = unsafe io_uring_enter2(UInt32(ring.pointee.ring_fd), 0, 0, 0, nil, 0)
        if Self.isForbidden(registered) || Self.isForbidden(entered) {
            unsafe io_uring_queue_exit(ring)
            unsafe ring.deallocate()
            throw .forbidden(byPolicy: false)
        }
        unsafe self.ring = ring
        let hasAbsoluteDeadlines = unsafe ring.pointee.features & EDDY_FEAT_MIN_TIMEOUT != 0
        unsafe setup = Setup(
            flags: ring.pointee.flags,
            hasAbsoluteDeadlines: features.absoluteDeadlines && hasAbsoluteDeadlines,
            knowsIdleWaits: ring.pointee.features & EDDY_FEAT_NO_IOWAIT != 0
        )
        prepareSubmissionArray()
    }

    /// Whether a security profile forbids a system call: a profile may allow io_uring_setup and forbid the others.
    private static func isForbidden(_ result: Int32) -> Bool {
        [.notPermitted, .accessDenied, .notImplemented].contains(SystemError(-result))
    }

    deinit {
        // The last reference may be dropped on any thread. Registered descriptors are numbered per thread, and on
        // another thread the number may belong to another ring, which would lose its registration. The kernel releases
        // the registrations of a thread that ends.
        if gettid() != thread { unsafe ring.pointee.int_flags = 0 }
        unsafe io_uring_queue_exit(ring)
        unsafe ring.deallocate()
        LockedMemory.noteClosedRing()
    }

    /// The kernel finds entries through an array of indices. Eddy fills entries in order, so the array never changes.
    /// (Newer versions of liburing omit the array.)
    private func prepareSubmissionArray() {
        guard let array = unsafe ring.pointee.sq.array else { return }
        for index in 0..<Int(unsafe ring.pointee.sq.ring_entries) {
            unsafe array[index] = UInt32(index)
        }
    }

    /// io_uring_enter(2): submits, then waits for completions until the deadline.
    ///
    /// - Returns: entries submitted, or the negated error number.
    func enter(submit: UInt32, waitFor: UInt32, deadline: Instant?) -> Int32 {
        var flags = UInt32(IORING_ENTER_GETEVENTS)
        let descriptor = unsafe ring.pointee.enter_ring_fd
        if unsafe descriptor != ring.pointee.ring_fd { flags |= UInt32(IORING_ENTER_REGISTERED_RING) }
        if waitFor > 0, setup.knowsIdleWaits { flags |= EDDY_ENTER_NO_IOWAIT }
        guard waitFor > 0, let deadline else {
            return io_uring_enter2(UInt32(descriptor), submit, waitFor, flags, nil, 0)
        }
        let nanoseconds: UInt64
        if setup.hasAbsoluteDeadlines {
            flags |= EDDY_ENTER_ABS_TIMER
            nanoseconds = deadline.nanoseconds
        } else {
            nanoseconds = MonotonicClock.now.nanoseconds(to: deadline)
        }
        let second: UInt64 = 1_000_000_000
        var time = __kernel_timespec(tv_sec: Int64(nanoseconds / second), tv_nsec: Int64(nanoseconds % second))
        flags |= UInt32(IORING_ENTER_EXT_ARG)
        return unsafe withUnsafePointer(to: &time) { time in
            var argument = io_uring_getevents_arg()
            argument.ts = UInt64(UInt(bitPattern: time))
            return unsafe withUnsafeMutablePointer(to: &argument) { argument in
                // With EXT_ARG this argument takes the place of the signal mask.
                let argument = unsafe UnsafeMutableRawPointer(argument).assumingMemoryBound(to: sigset_t.self)
                return unsafe io_uring_enter2(
                    UInt32(descriptor),
                    submit,
                    waitFor,
                    flags,
                    argument,
                    MemoryLayout<io_uring_getevents_arg>.size
                )
            }
        }
    }
}

extension RingError {
    /// Classifies a failure of io_uring_setup(2).
    fileprivate init(setupFailure error: SystemError) {
        switch error {
        case .notImplemented where SystemInformation.ioUringDisabled == nil:
            self = .unsupported(kernel: SystemInformation.kernelRelease)
        // A kernel with the sysctl has io_uring, so a security profile hides it.
        case .notImplemented: self = .forbidden(byPolicy: false)
        case .notPermitted, .accessDenied: self = .forbidden(byPolicy: SystemInformation.ioUringDisabled ?? 0 > 0)
        case .outOfMemory: self = .shortOfMemory(call: "io_uring_setup")
        case .invalidArgument: self = .missingFeature("COOP_TASKRUN and SUBMIT_ALL")
        default: self.init(call: "io_uring_setup", error: error)
        }
    }
}
