import Foundation
import Synchronization

/// A port of 127.0.0.1 without a listener, which no other process gets: a socket is bound to it until the tests end. A
/// server that is to use it needs SO_REUSEADDR, which servers usually set (socket(7)).
func freePort() throws -> Int {
    let holder = FileDescriptor(socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
    var on = Int32(1)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { address in
        address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            setsockopt(holder.number, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size)) == 0
                && bind(holder.number, $0, length) == 0
                && getsockname(holder.number, $0, &length) == 0
        }
    }
    guard isBound else { throw SystemFailure("cannot find a free port") }
    holders.withLock { $0.append(holder) }
    return Int(UInt16(bigEndian: address.sin_port))
}

/// The sockets that are bound to the ports.
private let holders = Mutex<[FileDescriptor]>([])
