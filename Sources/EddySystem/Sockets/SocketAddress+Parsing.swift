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
