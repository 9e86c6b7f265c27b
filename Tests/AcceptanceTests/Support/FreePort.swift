import Foundation

/// A port of 127.0.0.1 where nobody listens. Ports are given out at random, so nobody else is likely to get it soon.
func freePort() throws -> Int {
    let listener = FileDescriptor(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { address in
        address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(listener.number, $0, length) == 0 && getsockname(listener.number, $0, &length) == 0
        }
    }
    guard isBound else { throw SystemFailure("cannot find a free port") }
    return Int(UInt16(bigEndian: address.sin_port))
}
