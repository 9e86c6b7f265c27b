import ArgumentParser
import Eddy

/// Where a server of the command listens: an address, or a socket that another program has opened.
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

    /// Whether the server makes a file: that of a Unix domain socket.
    var hasFile: Bool {
        if case .address(let address) = self { address.filePath != nil } else { false }
    }

    /// - Throws: `ServerError`.
    func makeServer(loops: Int, options: TCPServer.Options) throws(ServerError) -> TCPServer {
        switch self {
        case .address(let address): try TCPServer(on: address, loops: loops, options: options)
        case .descriptor(let descriptor):
            try TCPServer(inherited: .descriptor(descriptor), loops: loops, options: options)
        case .systemd(let name):
            try TCPServer(inherited: .systemd(name: name), loops: loops, options: options)
        }
    }
}
