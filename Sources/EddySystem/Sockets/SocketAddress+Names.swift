internal import CLiburing
internal import Glibc

extension SocketAddress {
    /// Reads an IPv4 or IPv6 number, without a port; nil when the text is none. Asks nobody.
    init?(number: String) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICHOST
        guard case .success(let addresses) = unsafe Self.addresses(of: number, hints), let first = addresses.first
        else { return nil }
        self = first
    }

    /// The addresses that the system's resolver has for a name (getaddrinfo(3)), in the order in which they should be
    /// tried (RFC 6724), with port 0. Blocks the thread for as long as the resolver takes.
    ///
    /// - Parameter onlyConfiguredFamilies: leaves out families of which this machine has no address but loopback
    ///   (AI_ADDRCONFIG).
    /// - Returns: at least one.
    /// - Throws: ``AddressError/unresolved(name:reason:)``.
    package static func lookUp(
        _ name: String,
        onlyConfiguredFamilies: Bool = false
    ) throws(AddressError) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = onlyConfiguredFamilies ? AI_ADDRCONFIG : 0
        var answer = unsafe addresses(of: name, hints)
        // A machine that has loopback addresses alone has no family by this rule, and would know no name at all.
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

        /// Without descriptors the resolver asks nobody, and says that there is no such name.
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
