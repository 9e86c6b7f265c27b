public import EddyRing

/// Why a server cannot start, each with what to do about it.
public enum ServerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text is no address.
    case address(AddressError)
    /// This system gives no io_uring.
    case ring(RingError)
    /// Somebody listens there already (EADDRINUSE).
    case addressInUse(SocketAddress)
    /// The port is below 1024, or forbidden otherwise (EACCES).
    case accessDenied(SocketAddress)
    /// The address is not one of this machine's (EADDRNOTAVAIL).
    case addressNotAvailable(SocketAddress)
    /// The process or the system is out of descriptors.
    case tooManyOpenFiles
    case system(SocketAddress, SystemError)

    public var description: String {
        switch self {
        case .address(let error): error.description
        case .ring(let error): error.description
        case .addressInUse(let address):
            "cannot listen on \(address): address already in use; stop the other server or choose another port"
        case .accessDenied(let address):
            "cannot listen on \(address): permission denied; choose a port above 1023 "
                + "or give the process CAP_NET_BIND_SERVICE"
        case .addressNotAvailable(let address):
            "cannot listen on \(address): this machine does not have the address; choose one that 'ip address' shows"
        case .tooManyOpenFiles: "too many open files; raise the limit with 'ulimit -n'"
        case .system(let address, let error): "cannot listen on \(address): \(error); check the address"
        }
    }

    init(_ error: SystemError, listeningOn address: SocketAddress) {
        switch error {
        case .addressInUse: self = .addressInUse(address)
        case .accessDenied, .notPermitted: self = .accessDenied(address)
        case .addressNotAvailable: self = .addressNotAvailable(address)
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem: self = .tooManyOpenFiles
        default: self = .system(address, error)
        }
    }
}
