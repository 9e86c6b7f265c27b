internal import CLiburing
internal import Glibc

/// Why a text is no address, with what it should look like.
public enum AddressError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text is not `HOST:PORT`.
    case malformed(String)
    /// The port is not a number from 0 to 65,535.
    case badPort(String)
    /// The name does not resolve; `reason` is the resolver's.
    case unresolved(name: String, reason: String)

    public var description: String {
        switch self {
        case .malformed(let text):
            "'\(text)' is not an address; write HOST:PORT, for example 127.0.0.1:7000 or [::1]:7000"
        case .badPort(let text):
            "'\(text)' is not a port; write a number from 0 to 65535"
        case .unresolved(let name, let reason):
            "the host name '\(name)' does not resolve (\(reason)); check its spelling, or write the number"
        }
    }
}

extension SocketAddress {
    /// Reads `HOST:PORT`. The host is an IPv4 number, an IPv6 number in brackets, or a name; `*` or nothing is any
    /// address of this machine.
    ///
    /// A name is looked up in the system's resolver (getaddrinfo(3)), which blocks the thread: use numbers on a
    /// thread that must not wait.
    ///
    /// - Throws: ``AddressError``.
    public init(_ text: String) throws(AddressError) {
        guard let colon = text.lastIndex(of: ":") else { throw .malformed(text) }
        let portText = text[text.index(after: colon)...]
        var host = String(text[..<colon])
        guard !portText.isEmpty, portText.allSatisfy({ $0.isASCII && $0.isNumber }), let port = UInt16(portText) else {
            throw .badPort(String(portText))
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard host.contains(":") else { throw .malformed(text) }
        } else if host.contains(":") {
            throw .malformed(text)
        }
        guard !host.utf8.contains(0), !host.contains(where: \.isWhitespace) else { throw .malformed(text) }
        if host.isEmpty || host == "*" {
            self.init(host: .ipv4(0), port: port)
        } else {
            self = try Self.resolve(host).withPort(port)
        }
    }

    /// The first address that getaddrinfo(3) has for `host`, which may be a number.
    private static func resolve(_ host: String) throws(AddressError) -> SocketAddress {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        var result = unsafe getaddrinfo(host, nil, &hints, &list)
        if result != 0 {
            // Numbers are valid even where the machine has no address of their kind.
            unsafe hints.ai_flags = AI_NUMERICHOST
            let numeric = unsafe getaddrinfo(host, nil, &hints, &list)
            if numeric == 0 { result = 0 }
        }
        defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
        guard result == 0 else {
            throw .unresolved(name: host, reason: unsafe String(cString: gai_strerror(result)))
        }
        var next = unsafe list
        while let entry = unsafe next {
            if let storage = unsafe entry.pointee.ai_addr, let address = unsafe SocketAddress(storage) {
                return address
            }
            unsafe next = entry.pointee.ai_next
        }
        throw .unresolved(name: host, reason: "it has no IPv4 or IPv6 address")
    }
}
