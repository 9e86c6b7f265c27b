internal import CLiburing
internal import Glibc

/// The type and state of an inherited socket.
package struct SocketInformation: Equatable, Sendable {
    /// Whether its type is SOCK_STREAM.
    package let isStream: Bool
    /// Whether listen(2) was called.
    package let isListening: Bool
    /// Whether its family is IPv4, IPv6 or Unix.
    package let isOfKnownFamily: Bool

    /// Queries the socket's options (socket(7)).
    ///
    /// - Throws: EBADF, `notASocket`.
    package init(of descriptor: Int32) throws(SystemError) {
        isStream = try Self.value(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue)
        isListening = try Self.value(SO_ACCEPTCONN, of: descriptor) != 0
        isOfKnownFamily = [AF_INET, AF_INET6, AF_UNIX].contains(try Self.value(SO_DOMAIN, of: descriptor))
    }

    private static func value(_ option: Int32, of descriptor: Int32) throws(SystemError) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, option, &value, &length) == 0 else { throw .current }
        return value
    }
}
