internal import CLiburing
internal import Glibc

/// An error number of the system (errno(3)), with its name and the system's text.
public struct SystemError: Error, Equatable, Hashable, Sendable, CustomStringConvertible {
    public let code: Int32

    public init(_ code: Int32) { self.code = code }

    /// The calling thread's `errno`.
    package static var current: SystemError { SystemError(errno) }

    /// For example `connection refused (ECONNREFUSED)`.
    public var description: String {
        let text = unsafe String(cString: strerror(code))
        let name = unsafe strerrorname_np(code).map { unsafe String(cString: $0) }
        return "\(text.prefix(1).lowercased() + text.dropFirst()) (\(name ?? "errno \(code)"))"
    }

    public static let again = SystemError(EAGAIN)
    public static let addressInUse = SystemError(EADDRINUSE)
    public static let addressNotAvailable = SystemError(EADDRNOTAVAIL)
    public static let accessDenied = SystemError(EACCES)
    public static let notPermitted = SystemError(EPERM)
    public static let notImplemented = SystemError(ENOSYS)
    public static let notSupported = SystemError(EOPNOTSUPP)
    public static let invalidArgument = SystemError(EINVAL)
    public static let interrupted = SystemError(EINTR)
    public static let busy = SystemError(EBUSY)
    public static let noBufferSpace = SystemError(ENOBUFS)
    public static let outOfMemory = SystemError(ENOMEM)
    public static let cancelled = SystemError(ECANCELED)
    public static let timerExpired = SystemError(ETIME)
    public static let timedOut = SystemError(ETIMEDOUT)
    public static let brokenPipe = SystemError(EPIPE)
    public static let connectionReset = SystemError(ECONNRESET)
    public static let connectionAborted = SystemError(ECONNABORTED)
    public static let connectionRefused = SystemError(ECONNREFUSED)
    public static let tooManyOpenFiles = SystemError(EMFILE)
    public static let tooManyOpenFilesInSystem = SystemError(ENFILE)
    public static let addressFamilyNotSupported = SystemError(EAFNOSUPPORT)
    public static let protocolNotSupported = SystemError(EPROTONOSUPPORT)
    public static let notASocket = SystemError(ENOTSOCK)
    public static let noSuchFile = SystemError(ENOENT)
    public static let notADirectory = SystemError(ENOTDIR)
    public static let networkUnreachable = SystemError(ENETUNREACH)
    public static let networkDown = SystemError(ENETDOWN)
    public static let hostUnreachable = SystemError(EHOSTUNREACH)
    public static let hostDown = SystemError(EHOSTDOWN)
    public static let noNetwork = SystemError(ENONET)
    public static let protocolError = SystemError(EPROTO)
    public static let noProtocolOption = SystemError(ENOPROTOOPT)
}
