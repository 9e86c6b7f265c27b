import Glibc
import HarnessSupport

/// A listening socket on a free port, for a server that cannot report its port.
final class ListeningSocket {
    let descriptor: Int32
    let address: String

    init() throws {
        var port: UInt16 = 0
        descriptor = listen_on_free_port(&port)
        guard descriptor >= 0 else { throw PeersError("cannot listen on a free port", errorNumber: -descriptor) }
        address = "127.0.0.1:\(port)"
    }

    deinit {
        close(descriptor)
    }
}
