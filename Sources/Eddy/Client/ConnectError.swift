public import EddySystem

/// Why there is no connection, with every address that was tried and what to do about it.
///
/// Every error number of socket(2), bind(2) and connect(2) is in a ``ConnectAttempt``; which case holds the attempts
/// says what they have in common. Addresses that were not tried, because the time was over before, are not listed.
public enum ConnectError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text is no address, or the name does not resolve.
    case address(AddressError)
    /// The hosts are there, but nobody listens (ECONNREFUSED; ENOENT for a Unix domain socket).
    case refused(Endpoint, [ConnectAttempt])
    /// There is no way to any of the addresses (ENETUNREACH, EHOSTUNREACH and their like), or this machine has no
    /// addresses of their kind (EAFNOSUPPORT).
    case unreachable(Endpoint, [ConnectAttempt])
    /// The time was over: no address has answered, or, without attempts, the resolver has not.
    case timedOut(Endpoint, [ConnectAttempt])
    /// The process or the system is out of descriptors (EMFILE, ENFILE).
    case tooManyOpenFiles(Endpoint)
    /// The addresses failed for another reason, or for different ones.
    case failed(Endpoint, [ConnectAttempt])
    /// The connection would go to the very server that relays it, and so on without end.
    case toItself(Endpoint)
    /// The loop's limit of connections is reached.
    case tooManyConnections(limit: Int)
    /// The task was cancelled.
    case cancelled
    /// The loop is ending.
    case shutDown

    /// What happened, and what to do about it.
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

    /// The addresses with their errors; the error alone where the address is what was asked for.
    private static func list(_ attempts: [ConnectAttempt], of endpoint: Endpoint) -> String {
        if attempts.count == 1, attempts[0].address == endpoint.address { return attempts[0].error.description }
        return attempts.map(\.description).joined(separator: ", ")
    }

    /// What failed attempts come down to. There is at least one.
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
