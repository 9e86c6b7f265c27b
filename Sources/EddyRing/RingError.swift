public import EddySystem

/// Why a ring, or the thread of its loop, could not be created or used, and what to do about it.
public enum RingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// io_uring is unavailable (ENOSYS): the kernel is older than 5.19, was built without it, or a security profile
    /// hides it. `kernel` is the kernel's release.
    case unsupported(kernel: String)
    /// io_uring is forbidden (EPERM, EACCES, or ENOSYS if the kernel has it): by `kernel.io_uring_disabled`, or by a
    /// security profile.
    case forbidden(byPolicy: Bool)
    /// The limit of locked memory (RLIMIT_MEMLOCK) is too small for the rings themselves (ENOMEM). Loops that may use
    /// epoll do so instead.
    case lockedMemoryLimit(bytes: UInt64)
    /// The process cannot create more threads: the limit of the user (RLIMIT_NPROC), of the container or unit
    /// (`pids.max`) or of the system is reached (EAGAIN).
    case threadLimit
    /// The limit of the process's address space (RLIMIT_AS) leaves no room for a thread, a ring or a pool (ENOMEM).
    case addressSpaceLimit(bytes: UInt64)
    /// The process or the system is out of descriptors (EMFILE, ENFILE).
    case tooManyOpenFiles
    /// The kernel lacks a feature that Eddy requires.
    case missingFeature(String)
    /// An environment variable contains an unknown name; `known` lists the accepted ones.
    case environment(variable: String, value: String, known: [String])
    /// Any other failure; `call` names the call on a ring or a thread that failed, such as `pthread_create` or
    /// `sched_setaffinity`.
    case system(call: String, error: SystemError)

    /// The error for a ring without memory: the first limit that explains it.
    static func shortOfMemory(call: String) -> RingError {
        if let bytes = AddressSpace.exhaustedLimit { return .addressSpaceLimit(bytes: bytes) }
        guard LockedMemory.limit < .max else { return .system(call: call, error: .outOfMemory) }
        return .lockedMemoryLimit(bytes: LockedMemory.limit)
    }

    /// The error for a loop without memory for its pool.
    package static var withoutPool: RingError {
        AddressSpace.exhaustedLimit.map { .addressSpaceLimit(bytes: $0) } ?? .system(call: "mmap", error: .outOfMemory)
    }

    /// Classifies a failure of pthread_create(3).
    package init(threadFailure error: SystemError) {
        guard error == .again || error == .outOfMemory else {
            self.init(call: "pthread_create", error: error)
            return
        }
        // A failure to map the stack is also reported as EAGAIN.
        self = AddressSpace.exhaustedLimit.map { .addressSpaceLimit(bytes: $0) } ?? .threadLimit
    }

    /// Classifies the failure of a system call: no descriptors left, this part of io_uring forbidden by a security
    /// profile, or any other error.
    init(call: String, error: SystemError) {
        switch error {
        case .notPermitted, .accessDenied, .notImplemented:
            self = call.hasPrefix("io_uring") ? .forbidden(byPolicy: false) : .system(call: call, error: error)
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem: self = .tooManyOpenFiles
        default: self = .system(call: call, error: error)
        }
    }

    public var description: String {
        switch self {
        case .unsupported(let kernel):
            if let version = SystemInformation.version(ofRelease: kernel), version < (5, 19) {
                "this kernel (\(kernel)) is too old for io_uring; run Linux 5.19 or newer"
            } else {
                "this kernel (\(kernel)) was built without io_uring, or a security profile hides it; run one with "
                    + "CONFIG_IO_URING, Linux 5.19 or newer, or allow io_uring_setup, io_uring_enter and "
                    + "io_uring_register in the profile"
            }
        case .forbidden(byPolicy: true):
            "io_uring is switched off on this system; switch it on with 'sysctl -w kernel.io_uring_disabled=0'"
        case .forbidden(byPolicy: false):
            "io_uring is forbidden to this process, as containers' default seccomp profiles do; "
                + "allow io_uring_setup, io_uring_enter and io_uring_register in the profile"
        case .lockedMemoryLimit(let bytes):
            "the limit of locked memory (\(bytes) bytes) is too small for io_uring; raise it with 'ulimit -l' "
                + "or use fewer loops"
        case .threadLimit:
            "no more threads can be started; raise the limit with 'ulimit -u' (in a container or a unit, its limit of "
                + "tasks), or use fewer loops"
        case .addressSpaceLimit(let bytes):
            "the limit of address space (\(bytes) bytes) is too small; raise it with 'ulimit -v', use fewer loops, or "
                + "lower pool.maximumBytes"
        case .tooManyOpenFiles:
            "too many open files; raise the limit with 'ulimit -n'"
        case .missingFeature(let feature):
            "this kernel's io_uring lacks \(feature); run Linux 5.19 or newer"
        case .environment(let variable, let value, let known):
            "\(variable) is set to '\(value)', which is unknown; expected one of \(known.joined(separator: ", "))"
        case .system(let call, let error):
            "\(call) failed: \(error); report this with the kernel's version ('uname -r')"
        }
    }
}
