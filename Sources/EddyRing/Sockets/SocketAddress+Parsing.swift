extension SocketAddress {
    /// Reads `HOST:PORT` or `unix:PATH`.
    ///
    /// The host is an IPv4 number, an IPv6 number in brackets, or a name; `*` or nothing is ``any(port:)``. A path is
    /// that of a socket's file, and with an `@` in front a name in the abstract name space, which needs no file
    /// (unix(7)).
    ///
    /// A name is looked up in the system's resolver (getaddrinfo(3)), which blocks the thread, and its first address
    /// is taken. To connect to a name use an ``Endpoint``, which does neither.
    ///
    /// - Throws: ``AddressError``.
    public init(_ text: String) throws(AddressError) {
        switch try AddressText(text) {
        case .address(let address): self = address
        case .name(let name, let port):
            // Only families that this machine has: the first address is the only one that is tried.
            let addresses = try Self.lookUp(name, onlyConfiguredFamilies: true)
            self = addresses[0].withPort(port)
        }
    }

    /// Bytes of the longest path or abstract name: `sun_path` has 108, one of which is the NUL behind or in front.
    static let longestPath = 107

    /// The Unix domain socket with that path, or, after an `@`, with that abstract name.
    ///
    /// - Throws: ``AddressError/pathTooLong(_:byteCount:)``; ``AddressError/malformed(_:)`` for an empty path and one
    ///   that contains a NUL.
    public init(unixPath path: String) throws(AddressError) {
        let isAbstract = path.utf8.first == UInt8(ascii: "@")
        let name = Array(isAbstract ? path.utf8.dropFirst() : path.utf8[...])
        guard !name.isEmpty, !name.contains(0) else { throw .malformed("unix:" + path) }
        guard name.count <= Self.longestPath else { throw .pathTooLong(path, byteCount: name.count) }
        self.init(host: .unix(isAbstract ? [0] + name : name), port: 0)
    }
}

/// What a text means before any name is looked up.
enum AddressText {
    case address(SocketAddress)
    case name(String, port: UInt16)

    init(_ text: String) throws(AddressError) {
        let scheme = "unix:"
        // Byte by byte: a path may begin with a mark that would join the colon to one character.
        if text.utf8.starts(with: scheme.utf8) {
            let path = String(Substring(text.utf8.dropFirst(scheme.utf8.count)))
            self = .address(try SocketAddress(unixPath: path))
            return
        }
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
            self = .address(.any(port: port))
        } else if let number = SocketAddress(number: host) {
            self = .address(number.withPort(port))
        } else if host.contains(":") {
            throw .unresolved(name: host, reason: "it is no IPv6 number")
        } else if host.split(separator: ".").last?.allSatisfy({ $0.isASCII && $0.isNumber }) == true {
            // No name ends with a number (RFC 3696, section 2): nobody needs to be asked.
            throw .unresolved(name: host, reason: "it is no IPv4 number")
        } else {
            self = .name(host, port: port)
        }
    }
}
