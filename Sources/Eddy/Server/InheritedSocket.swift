internal import EddySystem
internal import Glibc

/// A listening socket that another program has opened for this process: systemd, or the parent process.
///
/// An inherited socket lets a service start on its first connection, restart without refusing connections, and use a
/// port below 1024 without root.
///
/// ```swift
/// let server = try TCPServer(on: .inherited(.systemd(name: "http")))
/// ```
public enum InheritedSocket: Equatable, Sendable {
    /// The descriptor with this number. The server takes ownership of it and closes it.
    case descriptor(Int32)
    /// A socket that systemd has opened for this service (sd_listen_fds(3)): the one with this `FileDescriptorName=`,
    /// which defaults to the name of the socket unit; without a name, the only one. If there are several, see
    /// ``allFromSystemd(named:)``.
    case systemd(name: String? = nil)

    /// All sockets that systemd has opened for this service, or those with one `FileDescriptorName=`: a unit may listen
    /// on several addresses, which share its name. Create a server for each; otherwise peers of the others wait
    /// forever.
    ///
    /// - Throws: ``InheritedSocketError`` if there are none.
    public static func allFromSystemd(named name: String? = nil) throws(InheritedSocketError) -> [InheritedSocket] {
        try activation().descriptors(named: name).map { .descriptor($0) }
    }

    /// The descriptor, and the address that its socket listens on.
    ///
    /// - Throws: ``InheritedSocketError`` unless it is a listening stream socket.
    func find() throws(InheritedSocketError) -> (descriptor: Int32, address: SocketAddress) {
        let descriptor = try findDescriptor()
        let facts: SocketInformation
        do {
            facts = try SocketInformation(of: descriptor)
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
