/// Why an ``InheritedSocket`` cannot be used. Each description says how to fix it.
public enum InheritedSocketError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No descriptor with this number is open (EBADF).
    case notOpen(Int32)
    /// The descriptor is not a socket, but a file, for example (ENOTSOCK).
    case notASocket(Int32)
    /// The socket is not a stream socket of IPv4, IPv6 or Unix.
    case notAStream(Int32)
    /// The socket is not listening: listen(2) was not called.
    case notListening(Int32)
    /// LISTEN_FDS is not set or is zero.
    case noActivation
    /// The sockets were meant for another process (LISTEN_PID).
    case otherProcess(String)
    /// LISTEN_PID or LISTEN_FDS is not a number.
    case malformed(variable: String, value: String)
    /// No socket has this name; `names` are the existing ones.
    case noSuchName(String, names: [String])
    /// There are several sockets, or several with the requested name; see ``InheritedSocket/allFromSystemd(named:)``.
    case ambiguous(names: [String])

    /// What happened, and how to fix it.
    public var description: String {
        switch self {
        case .notOpen(let descriptor):
            "descriptor \(descriptor) is not open; have the program that starts this one pass its socket on"
        case .notASocket(let descriptor):
            "descriptor \(descriptor) is not a socket; pass a listening stream socket"
        case .notAStream(let descriptor):
            "descriptor \(descriptor) is not a TCP or Unix stream socket; pass one, with systemd: ListenStream="
        case .notListening(let descriptor):
            "the socket of descriptor \(descriptor) does not listen; call listen() on it, with systemd: Accept=no"
        case .noActivation:
            "systemd has passed no socket (LISTEN_FDS is not set); start the service by its socket unit"
        case .otherProcess(let process):
            "systemd has passed its sockets to process \(process) (LISTEN_PID); do not start this program through a "
                + "shell that stays between them"
        case .malformed(let variable, let value):
            "the environment's \(variable) is '\(value)', not a number; unset it or let systemd set it"
        case .noSuchName(let name, let names):
            "systemd has passed no socket named '\(name)', but \(names.joined(separator: ", ")); "
                + "see FileDescriptorName="
        case .ambiguous(let names) where names.count == 1:
            "systemd has passed several sockets named '\(names[0])'; serve all of them (InheritedSocket.allFromSystemd), "
                + "or give each a name of its own (FileDescriptorName=)"
        case .ambiguous(let names):
            "systemd has passed several sockets; choose one by its name: \(names.joined(separator: ", "))"
        }
    }
}
