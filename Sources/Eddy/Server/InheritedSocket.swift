internal import EddySystem
internal import Glibc

/// A listening socket that another program has opened for this one: systemd, or whoever started the process.
///
/// So a service can be started by its first connection, be restarted without refusing one, and use a port below 1024
/// without being root.
///
/// ```swift
/// let server = try TCPServer(inherited: .systemd(name: "http"))
/// ```
public enum InheritedSocket: Equatable, Sendable {
    /// The descriptor of that number. The server that takes it over closes it.
    case descriptor(Int32)
    /// A socket that systemd has opened for this service (sd_listen_fds(3)): the one with that `FileDescriptorName=`,
    /// which is the socket unit's own name if it says nothing; or, with no name, the only one that there is. Where there are
    /// several of them, see ``allFromSystemd(named:)``.
    case systemd(name: String? = nil)

    /// All sockets that systemd has opened for this service, or those with one `FileDescriptorName=`: a unit may listen at
    /// several addresses, which all have its name. Make a server of each, or peers of the others wait for ever.
    ///
    /// - Throws: ``InheritedSocketError`` if there is none.
    public static func allFromSystemd(named name: String? = nil) throws(InheritedSocketError) -> [InheritedSocket] {
        try activation().descriptors(named: name).map { .descriptor($0) }
    }

    /// The descriptor, and where its socket listens.
    ///
    /// - Throws: ``InheritedSocketError`` unless it is a stream socket that listens.
    func find() throws(InheritedSocketError) -> (descriptor: Int32, address: SocketAddress) {
        let descriptor = try findDescriptor()
        let facts: SocketFacts
        do {
            facts = try SocketFacts(of: descriptor)
        } catch {
            throw error == .notASocket ? .notASocket(descriptor) : .notOpen(descriptor)
        }
        guard facts.isStream, facts.isOfKnownFamily, let address = Socket.localAddress(of: descriptor) else {
            throw .notAStream(descriptor)
        }
        guard facts.isListening else { throw .notListening(descriptor) }
        return (descriptor, address)
    }

    private func findDescriptor() throws(InheritedSocketError) -> Int32 {
        switch self {
        case .descriptor(let descriptor): return descriptor
        case .systemd(let name): return try Self.activation().descriptor(named: name)
        }
    }

    private static func activation() throws(InheritedSocketError) -> SocketActivation {
        try SocketActivation(
            process: getpid(),
            environment: { unsafe getenv($0).map { unsafe String(cString: $0) } }
        )
    }
}
