import ArgumentParser
import Eddy

/// Where a server of the command listens: on an address, or on a socket that another program has opened.
enum ListenTarget: Equatable, Sendable {
    case address(SocketAddress)
    /// `fd:3`
    case descriptor(Int32)
    /// `systemd:` or `systemd:NAME`
    case systemd(name: String?)

    static let help = "HOST:PORT, *:PORT, unix:PATH, fd:N, systemd:NAME"

    @Sendable static func argument(_ text: String) throws -> ListenTarget {
        if let name = text.rest(after: "systemd:") { return .systemd(name: name.isEmpty ? nil : name) }
        if let number = text.rest(after: "fd:") {
            guard number.allSatisfy({ $0.isASCII && $0.isNumber }), let descriptor = Int32(number) else {
                throw ValidationError("'\(text)' is not a descriptor; write its number, for example fd:3")
            }
            return .descriptor(descriptor)
        }
        do {
            return .address(try SocketAddress(text))
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// Whether connecting to `target` reaches the server that listens here. Unknown for inherited sockets.
    func leads(to target: SocketAddress) -> Bool {
        if case .address(let address) = self { address.listens(for: target) } else { false }
    }

    /// Whether the server creates a file, as a Unix domain socket with a path does.
    var hasFile: Bool {
        if case .address(let address) = self { address.filePath != nil } else { false }
    }

    /// Makes the servers: several if systemd has passed several sockets.
    ///
    /// - Throws: `ServerError`, `InheritedSocketError`.
    func makeServers(group: EventLoopGroup, options: TCPServer.Options) throws -> [TCPServer] {
        switch self {
        case .address(let address): [try TCPServer(on: .address(address), group: group, options: options)]
        case .descriptor(let descriptor):
            [try TCPServer(on: .inherited(.descriptor(descriptor)), group: group, options: options)]
        case .systemd(let name):
            try InheritedSocket.allFromSystemd(named: name).map {
                try TCPServer(on: .inherited($0), group: group, options: options)
            }
        }
    }
}
