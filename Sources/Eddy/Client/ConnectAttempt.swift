public import EddySystem

/// A failed attempt to connect to one address, and why it failed.
public struct ConnectAttempt: Equatable, Sendable, CustomStringConvertible {
    /// The address that was tried.
    public let address: SocketAddress
    /// The error of socket(2), bind(2) or connect(2). ETIMEDOUT also when the time was up before the address answered.
    public let error: SystemError

    /// Creates an attempt that connected to `address` and failed with `error`.
    public init(_ address: SocketAddress, _ error: SystemError) {
        self.address = address
        self.error = error
    }

    /// For example `127.0.0.1:7000: connection refused (ECONNREFUSED)`.
    public var description: String { "\(address): \(error)" }

    /// The kind of the error.
    enum Kind {
        case refused
        case unreachable
        case timedOut
        case tooManyOpenFiles
        case other
    }

    var kind: Kind {
        switch error {
        case .connectionRefused, .connectionReset: .refused
        // No file: no server has listened there.
        case .noSuchFile where address.isUnix: .refused
        case .networkUnreachable, .hostUnreachable, .networkDown, .hostDown, .noNetwork, .addressFamilyNotSupported:
            .unreachable
        case .timedOut: .timedOut
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem: .tooManyOpenFiles
        default: .other
        }
    }

    /// How to fix an error of kind `other`.
    var remedy: String {
        switch error {
        case .accessDenied, .notPermitted:
            address.isUnix
                ? "check who may write to the socket's file"
                : "check the firewall, and that it is not a broadcast address"
        case .addressNotAvailable:
            "check the local address; if there is none, all ports to this address are in use "
                + "(net.ipv4.ip_local_port_range)"
        case .addressInUse: "choose another local port, or port 0"
        case .again: "the server's backlog is full; try again later"
        case .noBufferSpace, .outOfMemory: "the system is out of memory for sockets; see net.ipv4.tcp_mem"
        default: "check the address and the network"
        }
    }
}
