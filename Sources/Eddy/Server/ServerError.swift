public import EddyRing
public import EddySystem

/// Why a server cannot start. Each description says how to fix it.
///
/// Every error of socket(2), bind(2) and listen(2) maps to a case; those without a case of their own are
/// ``system(_:_:)``.
public enum ServerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text is not an address.
    case address(AddressError)
    /// The inherited socket cannot be used.
    case inherited(InheritedSocketError)
    /// The server's loops cannot be created: the process is out of descriptors or threads, `EDDY_ENGINE` or
    /// `EDDY_DISABLE` holds an unknown or unavailable value, or a thread cannot be pinned to its processor.
    case ring(RingError)
    /// Another socket already listens on the address (EADDRINUSE).
    case addressInUse(SocketAddress)
    /// The port is below 1024, the directory of the socket's file belongs to another user, or another rule denies
    /// access (EACCES, EPERM).
    case accessDenied(SocketAddress)
    /// The address is not one of this machine's (EADDRNOTAVAIL).
    case addressNotAvailable(SocketAddress)
    /// This machine has no addresses of this kind (EAFNOSUPPORT, EPROTONOSUPPORT).
    case familyNotSupported(SocketAddress)
    /// The path of the Unix domain socket names a file that is not a socket. It is left in place.
    case fileInTheWay(SocketAddress)
    /// The directory of the Unix domain socket does not exist (ENOENT, ENOTDIR).
    case noDirectory(SocketAddress)
    /// The file of the Unix domain socket cannot be given the owner or group of the options (chown(2)). The file is
    /// removed.
    case socketOwner(SocketAddress, SystemError)
    /// The process or the system is out of descriptors (EMFILE, ENFILE).
    case tooManyOpenFiles
    /// The kernel is out of memory (ENOBUFS, ENOMEM).
    case outOfMemory(SocketAddress)
    /// Any other error that the system reports.
    case system(SocketAddress, SystemError)

    /// What happened, and how to fix it.
    public var description: String {
        switch self {
        case .address(let error): error.description
        case .inherited(let error): error.description
        case .ring(let error): error.description
        case .addressInUse(let address):
            "cannot listen on \(address): address already in use; stop the other server or choose another "
                + (address.isUnix ? "path" : "port")
        case .accessDenied(let address) where address.isUnix:
            "cannot listen on \(address): permission denied; choose a directory that this user may write to"
        case .accessDenied(let address):
            "cannot listen on \(address): permission denied; choose a port above 1023 "
                + "or give the process CAP_NET_BIND_SERVICE"
        case .addressNotAvailable(let address):
            "cannot listen on \(address): this machine does not have the address; choose one that 'ip address' shows"
        case .familyNotSupported(let address):
            "cannot listen on \(address): this machine has no \(address.isIPv6 ? "IPv6" : "such addresses"); "
                + "use 127.0.0.1 or 0.0.0.0"
        case .fileInTheWay(let address):
            "cannot listen on \(address): the path names a file that is not a socket; move it or choose another path"
        case .noDirectory(let address):
            "cannot listen on \(address): its directory does not exist; make it or choose another path"
        case .socketOwner(let address, let error):
            "cannot listen on \(address): its file cannot change its owner or group: \(error); run with CAP_CHOWN, or "
                + "choose a group that this user belongs to"
        case .tooManyOpenFiles: "too many open files; raise the limit with 'ulimit -n'"
        case .outOfMemory(let address):
            "cannot listen on \(address): the system is out of memory for sockets; see net.ipv4.tcp_mem"
        case .system(let address, let error): "cannot listen on \(address): \(error); check the address"
        }
    }

    init(_ error: SystemError, listeningOn address: SocketAddress) {
        switch error {
        case .addressInUse: self = .addressInUse(address)
        case .accessDenied, .notPermitted: self = .accessDenied(address)
        case .addressNotAvailable: self = .addressNotAvailable(address)
        case .addressFamilyNotSupported, .protocolNotSupported: self = .familyNotSupported(address)
        case .notASocket: self = .fileInTheWay(address)
        case .noSuchFile, .notADirectory: self = .noDirectory(address)
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem: self = .tooManyOpenFiles
        case .noBufferSpace, .outOfMemory: self = .outOfMemory(address)
        default: self = .system(address, error)
        }
    }
}
