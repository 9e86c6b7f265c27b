public import EddySystem

/// Why connecting failed, with every address that was tried. Each description says how to fix it.
///
/// Every error of socket(2), bind(2) and connect(2) is in a ``ConnectAttempt``; the case says what the attempts have in
/// common. Addresses that were not tried before the time was up are not listed.
public enum ConnectError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text is not an address, or the name does not resolve.
    case address(AddressError)
    /// The hosts are reachable, but no server listens (ECONNREFUSED; ENOENT for a Unix domain socket).
    case refused(Endpoint, [ConnectAttempt])
    /// None of the addresses is reachable (ENETUNREACH, EHOSTUNREACH and similar), or this machine has no addresses of
    /// their family (EAFNOSUPPORT).
    case unreachable(Endpoint, [ConnectAttempt])
    /// The time was up: no address has answered, or, if there are no attempts, the resolver has not.
    case timedOut(Endpoint, [ConnectAttempt])
    /// The process or the system is out of descriptors (EMFILE, ENFILE).
    case tooManyOpenFiles(Endpoint)
    /// The addresses failed for another reason, or for different ones.
    case failed(Endpoint, [ConnectAttempt])
    /// The endpoint is the server that would relay the connection, which would loop endlessly.
    case toItself(Endpoint)
    /// The loop's limit of connections is reached.
    case tooManyConnections(limit: Int)
    /// The task was cancelled.
    case cancelled
    /// The loop is ending.
    case shutDown

    /// What happened, and how to fix it.
    public var description: String {
        switch self {
        case .address(let error): error.description
        case .refused(let endpoint, let attempts):
            "cannot connect to \(endpoint): \(Self.list(attempts, of: endpoint)); check that a server listens there"
        case .unreachable(let endpoint, let attempts):
            "cannot connect to \(endpoint): \(Self.list(attempts, of: endpoint)); check the routes of this machine "
                + "('ip route get'), and that options.localAddress, if it is set, is of the same family"
        case .timedOut(let endpoint, let attempts) where attempts.isEmpty:
            "cannot connect to \(endpoint): the resolver did not answer in time; check the system's name servers "
                + "(resolv.conf), or write the number"
        case .timedOut(let endpoint, let attempts):
            "cannot connect to \(endpoint): \(Self.list(attempts, of: endpoint)); nothing answered in time: check the "
                + "address and firewalls, or allow more time"
        case .tooManyOpenFiles(let endpoint):
            "cannot connect to \(endpoint): too many open files; raise the limit with 'ulimit -n'"
        case .failed(let endpoint, let attempts):
            "cannot connect to \(endpoint): \(Self.list(attempts, of: endpoint)); "
                + (attempts.first { $0.kind == .other }?.remedy ?? "check that a server listens at one of them")
        case .toItself(let endpoint):
            "\(endpoint) is the server that relays to it; name another server"
        case .tooManyConnections(let limit):
            "the limit of \(limit) connections a loop is reached; raise maximumConnections"
        case .cancelled: "the task was cancelled; leave it running if its work is still wanted"
        case .shutDown: "the event loop is ending; connect before, or on another loop"
        }
    }

    /// The addresses with their errors; only the error if the address is the requested endpoint.
    private static func list(_ attempts: [ConnectAttempt], of endpoint: Endpoint) -> String {
        if attempts.count == 1, attempts[0].address == endpoint.address { return attempts[0].error.description }
        return attempts.map(\.description).joined(separator: ", ")
    }

    /// Summarizes failed attempts, of which there is at least one.
    init(_ attempts: [ConnectAttempt], of endpoint: Endpoint) {
        let kinds = attempts.map(\.kind)
        func all(_ kind: ConnectAttempt.Kind) -> Bool { kinds.allSatisfy { $0 == kind } }
        self =
            if kinds.contains(.tooManyOpenFiles) {
                .tooManyOpenFiles(endpoint)
            } else if all(.refused) {
                .refused(endpoint, attempts)
            } else if all(.unreachable) {
                .unreachable(endpoint, attempts)
            } else if all(.timedOut) {
                .timedOut(endpoint, attempts)
            } else {
                .failed(endpoint, attempts)
            }
    }
}
