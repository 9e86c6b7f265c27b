public import EddyRing
public import EddySystem

/// Why a server cannot start, each with what to do about it.
///
/// Every error number of socket(2), bind(2) and listen(2) has its place here; those that no case names are
/// ``system(_:_:)``.
public enum ServerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text is no address.
    case address(AddressError)
    /// The socket that was to be taken over is none that can be served.
    case inherited(InheritedSocketError)
    /// The server's loops cannot be made: the process is out of descriptors or threads, `EDDY_ENGINE` or `EDDY_DISABLE`
    /// holds what is not known or not to be had, or a thread cannot be tied to its processor.
    case ring(RingError)
    /// Somebody listens there already (EADDRINUSE).
    case addressInUse(SocketAddress)
    /// The port is below 1024, the socket file's directory belongs to somebody else, or it is forbidden otherwise
    /// (EACCES, EPERM).
    case accessDenied(SocketAddress)
    /// The address is not one of this machine's (EADDRNOTAVAIL).
    case addressNotAvailable(SocketAddress)
    /// This machine has no addresses of this kind (EAFNOSUPPORT, EPROTONOSUPPORT).
    case familyNotSupported(SocketAddress)
    /// A file that is no socket has the path of the Unix domain socket. It is left alone.
    case fileInTheWay(SocketAddress)
    /// The directory of the Unix domain socket does not exist (ENOENT, ENOTDIR).
    case noDirectory(SocketAddress)
    /// The Unix domain socket's file cannot be given to the owner or the group of the options (chown(2)). No file is left.
    case socketOwner(SocketAddress, SystemError)
    /// The process or the system is out of descriptors (EMFILE, ENFILE).
    case tooManyOpenFiles
    /// The kernel is out of memory (ENOBUFS, ENOMEM).
    case outOfMemory(SocketAddress)
    /// Any other failure that the system reports.
    case system(SocketAddress, SystemError)

    /// What happened, and what to do about it.
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
            "cannot listen on \(address): there is a file that is no socket; move it away or choose another path"
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
