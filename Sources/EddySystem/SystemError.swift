internal import CLiburing
internal import Glibc

/// An error number of the system (errno(3)), with its name and text.
public struct SystemError: Error, Equatable, Hashable, Sendable, CustomStringConvertible {
    /// The number, as errno(3) has it; not negative.
    public let code: Int32

    /// The error with that number.
    public init(_ code: Int32) { self.code = code }

    /// The calling thread's `errno`.
    package static var current: SystemError { SystemError(errno) }

    /// For example `connection refused (ECONNREFUSED)`.
    public var description: String {
        let text = unsafe String(cString: strerror(code))
        let name = unsafe strerrorname_np(code).map { unsafe String(cString: $0) }
        return "\(text.prefix(1).lowercased() + text.dropFirst()) (\(name ?? "errno \(code)"))"
    }

    /// EAGAIN: the call would block; try again.
    public static let again = SystemError(EAGAIN)
    /// EADDRINUSE: another socket uses the address.
    public static let addressInUse = SystemError(EADDRINUSE)
    /// EADDRNOTAVAIL: not an address of this machine, or no free port.
    public static let addressNotAvailable = SystemError(EADDRNOTAVAIL)
    /// EACCES: no permission for a file or a port.
    public static let accessDenied = SystemError(EACCES)
    /// EPERM: a missing privilege, a policy or a filter forbids the call.
    public static let notPermitted = SystemError(EPERM)
    /// ENOSYS: the kernel lacks the system call.
    public static let notImplemented = SystemError(ENOSYS)
    /// EOPNOTSUPP: not supported by this kind of descriptor.
    public static let notSupported = SystemError(EOPNOTSUPP)
    /// EINVAL: the kernel rejects an argument or a flag.
    public static let invalidArgument = SystemError(EINVAL)
    /// EINTR: a signal interrupted the call.
    public static let interrupted = SystemError(EINTR)
    /// EBUSY: in use at the moment.
    public static let busy = SystemError(EBUSY)
    /// ENOBUFS: no buffer is available.
    public static let noBufferSpace = SystemError(ENOBUFS)
    /// ENOMEM: out of memory, or out of lockable memory.
    public static let outOfMemory = SystemError(ENOMEM)
    /// ECANCELED: the operation was cancelled.
    public static let cancelled = SystemError(ECANCELED)
    /// ETIME: a timer or a wait expired.
    public static let timerExpired = SystemError(ETIME)
    /// ETIMEDOUT: the peer did not answer in time.
    public static let timedOut = SystemError(ETIMEDOUT)
    /// EPIPE: sent on a connection that no longer accepts data.
    public static let brokenPipe = SystemError(EPIPE)
    /// ECONNRESET: the peer has reset the connection.
    public static let connectionReset = SystemError(ECONNRESET)
    /// ECONNABORTED: the connection was aborted on this side, or before it was accepted.
    public static let connectionAborted = SystemError(ECONNABORTED)
    /// ECONNREFUSED: no socket listens on the address.
    public static let connectionRefused = SystemError(ECONNREFUSED)
    /// EMFILE: this process has reached its limit of descriptors.
    public static let tooManyOpenFiles = SystemError(EMFILE)
    /// ENFILE: the system has reached its limit of open files.
    public static let tooManyOpenFilesInSystem = SystemError(ENFILE)
    /// EAFNOSUPPORT: this machine does not support the address family.
    public static let addressFamilyNotSupported = SystemError(EAFNOSUPPORT)
    /// EPROTONOSUPPORT: this machine does not support the protocol.
    public static let protocolNotSupported = SystemError(EPROTONOSUPPORT)
    /// ENOTSOCK: the descriptor is not a socket.
    public static let notASocket = SystemError(ENOTSOCK)
    /// ENOENT: no such file.
    public static let noSuchFile = SystemError(ENOENT)
    /// ENOTDIR: a component of the path is not a directory.
    public static let notADirectory = SystemError(ENOTDIR)
    /// ENETUNREACH: no route to the network.
    public static let networkUnreachable = SystemError(ENETUNREACH)
    /// ENETDOWN: the network is down.
    public static let networkDown = SystemError(ENETDOWN)
    /// EHOSTUNREACH: no route to the host.
    public static let hostUnreachable = SystemError(EHOSTUNREACH)
    /// EHOSTDOWN: the host is down.
    public static let hostDown = SystemError(EHOSTDOWN)
    /// ENONET: the machine is on no network.
    public static let noNetwork = SystemError(ENONET)
    /// EPROTO: the peer violated the protocol.
    public static let protocolError = SystemError(EPROTO)
    /// ENOPROTOOPT: no such socket option.
    public static let noProtocolOption = SystemError(ENOPROTOOPT)
}
