import Glibc
import HarnessSupport

/// A connection to a server on this machine. It waits for answers for at most 10 seconds.
final class LocalConnection {
    private let descriptor: Int32

    init(to address: String) throws {
        guard let port = address.split(separator: ":").last.flatMap({ UInt16($0) }) else {
            throw PeersError("'\(address)' is not an address with a port")
        }
        descriptor = connect_to_port(port)
        guard descriptor >= 0 else { throw PeersError("cannot connect to \(address)", errorNumber: -descriptor) }
    }

    deinit {
        close(descriptor)
    }

    /// Sends `bytes` bytes, and waits for their echo.
    func echo(_ bytes: UInt32) throws {
        let result = echo_bytes(descriptor, bytes)
        guard result == 0 else { throw PeersError("no echo", errorNumber: -result) }
    }

    /// Whether the server has closed its side gracefully, without sending a byte.
    var hasEndedInOrder: Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT)) == 0
    }
}
