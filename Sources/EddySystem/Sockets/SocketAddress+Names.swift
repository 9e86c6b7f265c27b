internal import CLiburing
internal import Glibc

extension SocketAddress {
    /// Parses a numeric IPv4 or IPv6 address without a port; nil if the text is invalid. Performs no lookup.
    init?(number: String) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICHOST
        guard case .success(let addresses) = unsafe Self.addresses(of: number, hints), let first = addresses.first
        else { return nil }
        self = first
    }

    /// Resolves a name (getaddrinfo(3)) to addresses in the order in which to try them (RFC 6724), with port 0. Blocks
    /// the thread while the resolver works.
    ///
    /// - Parameter onlyConfiguredFamilies: omits families for which this machine has only loopback addresses
    ///   (AI_ADDRCONFIG).
    /// - Returns: at least one address.
    /// - Throws: ``AddressError/unresolved(name:reason:)``.
    package static func lookUp(
        _ name: String,
        onlyConfiguredFamilies: Bool = false
    ) throws(AddressError) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = onlyConfiguredFamilies ? AI_ADDRCONFIG : 0
        var answer = unsafe addresses(of: name, hints)
        // On a machine with only loopback addresses AI_ADDRCONFIG excludes every family, and no name would resolve.
        if onlyConfiguredFamilies, case .failure = answer {
            unsafe hints.ai_flags = 0
            answer = unsafe addresses(of: name, hints)
        }
        switch answer {
        case .success(let addresses) where !addresses.isEmpty: return addresses
        case .success: throw .unresolved(name: name, reason: "it has no IPv4 or IPv6 address")
        case .failure(let failure): throw .unresolved(name: name, reason: failure.reason)
        }
    }

    /// An error of getaddrinfo(3).
    private struct LookupFailure: Error {
        let code: Int32
        let error: SystemError

        /// Without free descriptors the resolver sends no query and reports that the name does not exist.
        var reason: String {
            if Socket.areDescriptorsUsedUp { return "\(SystemError.tooManyOpenFiles), raise ulimit -n" }
            return code == EAI_SYSTEM ? error.description : unsafe String(cString: gai_strerror(code))
        }
    }

    private static func addresses(of host: String, _ hints: addrinfo) -> Result<[SocketAddress], LookupFailure> {
        var hints = unsafe hints
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else { return .failure(LookupFailure(code: code, error: .current)) }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let storage = unsafe entry.pointee.ai_addr,
                let address = unsafe SocketAddress(storage, length: Int(entry.pointee.ai_addrlen)),
                !addresses.contains(address)
            {
                addresses.append(address)
            }
            unsafe next = entry.pointee.ai_next
        }
        return .success(addresses)
    }
}
