extension SocketAddress {
    /// Reads `HOST:PORT` or `unix:PATH`.
    ///
    /// The host is an IPv4 address, an IPv6 address in brackets, or a name; `*` or an empty host is ``any(port:)``. A
    /// path is that of a socket file; after an `@` it is a name in the abstract namespace, which needs no file
    /// (unix(7)).
    ///
    /// A name is resolved by the system (getaddrinfo(3)), which blocks the thread, and its first address is used. To
    /// connect to a name use an ``Endpoint``, which resolves it at each connect and tries all of its addresses.
    ///
    /// - Throws: ``AddressError``.
    public init(_ text: String) throws(AddressError) {
        switch try AddressText(text) {
        case .address(let address): self = address
        case .name(let name, let port):
            // Restrict to families that this machine has, since only the first address is used.
            let addresses = try Self.lookUp(name, onlyConfiguredFamilies: true)
            self = addresses[0].withPort(port)
        }
    }

    /// The maximum length of a path or abstract name: `sun_path` has 108 bytes, one of which is the NUL after the path
    /// or before the name.
    static let longestPath = 107

    /// The address of a Unix domain socket with a path or, after an `@`, an abstract name.
    ///
    /// - Throws: ``AddressError/pathTooLong(_:byteCount:)``; ``AddressError/malformed(_:)`` if the path is empty or
    ///   contains a NUL.
    public init(unixPath path: String) throws(AddressError) {
        let isAbstract = path.utf8.first == UInt8(ascii: "@")
        let name = Array(isAbstract ? path.utf8.dropFirst() : path.utf8[...])
        guard !name.isEmpty, !name.contains(0) else { throw .malformed("unix:" + path) }
        guard name.count <= Self.longestPath else { throw .pathTooLong(path, byteCount: name.count) }
        self.init(host: .unix(isAbstract ? [0] + name : name), port: 0)
    }
}
