internal import CLiburing
internal import Glibc

// Conversions between SocketAddress and the C library's `sockaddr`, whose fields are in network byte order.

extension SocketAddress {
    /// Reads a `sockaddr` of `length` bytes; nil if it is truncated, or its family is not IPv4, IPv6 or Unix.
    package init?(_ raw: UnsafeRawPointer, length: Int) {
        guard length >= Self.pathOffset else { return nil }
        switch unsafe Int32(raw.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
            let ipv4 = unsafe raw.loadUnaligned(as: sockaddr_in.self)
            self.init(host: .ipv4(UInt32(bigEndian: ipv4.sin_addr.s_addr)), port: UInt16(bigEndian: ipv4.sin_port))
        case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
            let ipv6 = unsafe raw.loadUnaligned(as: sockaddr_in6.self)
            let halves = unsafe withUnsafeBytes(of: ipv6.sin6_addr) { bytes in
                (
                    upper: UInt64(bigEndian: unsafe bytes.loadUnaligned(as: UInt64.self)),
                    lower: UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
            self.init(
                host: .ipv6(upper: halves.upper, lower: halves.lower, scope: ipv6.sin6_scope_id),
                port: UInt16(bigEndian: ipv6.sin6_port)
            )
        case AF_UNIX:
            let room = unsafe UnsafeRawBufferPointer(start: raw, count: length).dropFirst(Self.pathOffset)
            // The length of a path may include the terminating NUL; an abstract name may contain any byte.
            let name = unsafe room.first == 0 ? room : room.prefix { $0 != 0 }
            self.init(host: .unix(unsafe Array(name)), port: 0)
        default:
            return nil
        }
    }

    /// The offset of the path in a `sockaddr_un`.
    private static let pathOffset = MemoryLayout<sa_family_t>.size

    /// Calls `body` with the address as a `sockaddr`, valid for the duration of the call.
    package func withSystemAddress<Result, Failure: Error>(
        _ body: (UnsafeRawPointer, Int) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // One storage for all families, so that there is one call of `body`.
        var storage = sockaddr_storage()
        let length = unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            unsafe fill(bytes.baseAddress.unsafelyUnwrapped)
        }
        return try unsafe withUnsafePointer(to: &storage) { pointer throws(Failure) in
            try unsafe body(UnsafeRawPointer(pointer), length)
        }
    }

    private func fill(_ storage: UnsafeMutableRawPointer) -> Int {
        switch host {
        case .ipv4(let number):
            var ipv4 = sockaddr_in()
            ipv4.sin_family = sa_family_t(AF_INET)
            ipv4.sin_port = port.bigEndian
            ipv4.sin_addr.s_addr = number.bigEndian
            unsafe storage.storeBytes(of: ipv4, as: sockaddr_in.self)
            return MemoryLayout<sockaddr_in>.size
        case .ipv6(let upper, let lower, let scope):
            var ipv6 = sockaddr_in6()
            ipv6.sin6_family = sa_family_t(AF_INET6)
            ipv6.sin6_port = port.bigEndian
            ipv6.sin6_scope_id = scope
            unsafe withUnsafeMutableBytes(of: &ipv6.sin6_addr) { bytes in
                unsafe bytes.storeBytes(of: upper.bigEndian, as: UInt64.self)
                unsafe bytes.storeBytes(of: lower.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            unsafe storage.storeBytes(of: ipv6, as: sockaddr_in6.self)
            return MemoryLayout<sockaddr_in6>.size
        case .unix(let name):
            // The storage is zeroed, so a path ends with a NUL. The length delimits an abstract name (unix(7)).
            unsafe storage.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
            unsafe (storage + Self.pathOffset).copyMemory(from: name, byteCount: name.count)
            return Self.pathOffset + name.count + (filePath == nil ? 0 : 1)
        }
    }

    var family: Int32 {
        switch host {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `127.0.0.1:7000`, `[::1]:7000`, `unix:/run/service.sock` or `unix:@name`; `unix:` for a socket without a name.
    public var description: String {
        if case .unix(let name) = host {
            let isAbstract = name.first == 0
            let text = String(decoding: name.dropFirst(isAbstract ? 1 : 0), as: UTF8.self)
            // A relative path that begins with `@` would read as an abstract name.
            let isMistakable = name.first == UInt8(ascii: "@")
            return (isAbstract ? "unix:@" : isMistakable ? "unix:./" : "unix:") + text
        }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let result = unsafe withSystemAddress { address, length in
            let address = unsafe address.assumingMemoryBound(to: sockaddr.self)
            let room = socklen_t(text.count)
            return unsafe getnameinfo(address, socklen_t(length), &text, room, nil, 0, NI_NUMERICHOST)
        }
        guard result == 0 else { return "?:\(port)" }
        let number = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return number.contains(":") ? "[\(number)]:\(port)" : "\(number):\(port)"
    }
}
