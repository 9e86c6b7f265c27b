internal import CLiburing
internal import Glibc

/// An error number of the system (errno(3)), with its name and the system's text.
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

    /// EAGAIN: it would have to wait; try again.
    public static let again = SystemError(EAGAIN)
    /// EADDRINUSE: somebody listens on the address already.
    public static let addressInUse = SystemError(EADDRINUSE)
    /// EADDRNOTAVAIL: no address of this machine, or no free port.
    public static let addressNotAvailable = SystemError(EADDRNOTAVAIL)
    /// EACCES: the rights to a file or a port are missing.
    public static let accessDenied = SystemError(EACCES)
    /// EPERM: forbidden by a privilege, a policy or a filter.
    public static let notPermitted = SystemError(EPERM)
    /// ENOSYS: the kernel has no such call.
    public static let notImplemented = SystemError(ENOSYS)
    /// EOPNOTSUPP: not with this kind of descriptor.
    public static let notSupported = SystemError(EOPNOTSUPP)
    /// EINVAL: an argument or a flag that the kernel does not take.
    public static let invalidArgument = SystemError(EINVAL)
    /// EINTR: a signal came first.
    public static let interrupted = SystemError(EINTR)
    /// EBUSY: in use at the moment.
    public static let busy = SystemError(EBUSY)
    /// ENOBUFS: there is no buffer.
    public static let noBufferSpace = SystemError(ENOBUFS)
    /// ENOMEM: there is no memory, or no more may be locked.
    public static let outOfMemory = SystemError(ENOMEM)
    /// ECANCELED: the operation was cancelled.
    public static let cancelled = SystemError(ECANCELED)
    /// ETIME: the time of a timer or a wait is over.
    public static let timerExpired = SystemError(ETIME)
    /// ETIMEDOUT: the peer has not answered in time.
    public static let timedOut = SystemError(ETIMEDOUT)
    /// EPIPE: sent to a peer that receives no more.
    public static let brokenPipe = SystemError(EPIPE)
    /// ECONNRESET: the peer has reset the connection.
    public static let connectionReset = SystemError(ECONNRESET)
    /// ECONNABORTED: the connection was ended on this side, or before it was accepted.
    public static let connectionAborted = SystemError(ECONNABORTED)
    /// ECONNREFUSED: nobody listens there.
    public static let connectionRefused = SystemError(ECONNREFUSED)
    /// EMFILE: this process has as many descriptors as it may.
    public static let tooManyOpenFiles = SystemError(EMFILE)
    /// ENFILE: the system has as many open files as it may.
    public static let tooManyOpenFilesInSystem = SystemError(ENFILE)
    /// EAFNOSUPPORT: this machine has no such kind of address.
    public static let addressFamilyNotSupported = SystemError(EAFNOSUPPORT)
    /// EPROTONOSUPPORT: this machine has no such protocol.
    public static let protocolNotSupported = SystemError(EPROTONOSUPPORT)
    /// ENOTSOCK: another kind of file.
    public static let notASocket = SystemError(ENOTSOCK)
    /// ENOENT: there is no such file.
    public static let noSuchFile = SystemError(ENOENT)
    /// ENOTDIR: a part of the path is no directory.
    public static let notADirectory = SystemError(ENOTDIR)
    /// ENETUNREACH: no way leads to the network.
    public static let networkUnreachable = SystemError(ENETUNREACH)
    /// ENETDOWN: the network is down.
    public static let networkDown = SystemError(ENETDOWN)
    /// EHOSTUNREACH: no way leads to the host.
    public static let hostUnreachable = SystemError(EHOSTUNREACH)
    /// EHOSTDOWN: the host is down.
    public static let hostDown = SystemError(EHOSTDOWN)
    /// ENONET: the machine is on no network.
    public static let noNetwork = SystemError(ENONET)
    /// EPROTO: the peer has broken the protocol.
    public static let protocolError = SystemError(EPROTO)
    /// ENOPROTOOPT: there is no such option.
    public static let noProtocolOption = SystemError(ENOPROTOOPT)
}
