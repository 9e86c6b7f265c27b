/// Why a ring, or the thread of a loop that is to have it, could not be made or used, each with what to do about it.
public enum RingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kernel has no io_uring (ENOSYS).
    case unsupported
    /// io_uring is forbidden here (EPERM): by `kernel.io_uring_disabled`, or by a seccomp profile.
    case forbidden(byPolicy: Bool)
    /// The memlock limit is too small for the ring itself (ENOMEM).
    case lockedMemoryLimit(bytes: UInt64)
    /// The process or the system is out of descriptors (EMFILE, ENFILE).
    case tooManyOpenFiles
    /// The kernel lacks something that Eddy cannot do without.
    case missingFeature(String)
    /// An environment variable holds what is not known; `known` says what is.
    case environment(variable: String, value: String, known: [String])
    /// Anything else; `call` names what failed: a call on a ring, or one on the thread, such as `pthread_create` and
    /// `sched_setaffinity`.
    case system(call: String, error: SystemError)

    /// What the failure of a system call means: that there are no descriptors left, or nothing better than itself.
    init(call: String, error: SystemError) {
        switch error {
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem: self = .tooManyOpenFiles
        default: self = .system(call: call, error: error)
        }
    }

    public var description: String {
        switch self {
        case .unsupported:
            "this kernel has no io_uring; run Linux 5.19 or newer"
        case .forbidden(byPolicy: true):
            "io_uring is switched off on this system; set it on with 'sysctl -w kernel.io_uring_disabled=0'"
        case .forbidden(byPolicy: false):
            "io_uring is forbidden to this process, as containers' default seccomp profiles do; "
                + "allow io_uring_setup, io_uring_enter and io_uring_register in the profile"
        case .lockedMemoryLimit(let bytes):
            "the limit of locked memory (\(bytes) bytes) is too small for an io_uring; raise it with 'ulimit -l'"
        case .tooManyOpenFiles:
            "too many open files; raise the limit with 'ulimit -n'"
        case .missingFeature(let feature):
            "this kernel's io_uring lacks \(feature); run Linux 5.19 or newer"
        case .environment(let variable, let value, let known):
            "\(variable) is set to '\(value)', which is not known; known are \(known.joined(separator: ", "))"
        case .system(let call, let error):
            "\(call) failed: \(error); report this with the kernel's version ('uname -r')"
        }
    }
}
