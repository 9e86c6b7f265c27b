internal import CLiburing
internal import Glibc

/// What a descriptor that somebody else has opened is.
package struct SocketFacts: Equatable, Sendable {
    /// SOCK_STREAM: bytes in order.
    package let isStream: Bool
    /// listen(2) was called.
    package let isListening: Bool
    /// IPv4, IPv6 or Unix.
    package let isOfKnownFamily: Bool

    /// Asks the system (socket(7)).
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
