import EddySystem
import Foundation

/// A listening socket that does not use Eddy.
final class PeerListener: Sendable {
    let address: SocketAddress
    private let descriptor: Int32

    init() throws {
        descriptor = try Socket.openStream(for: .loopback(port: 0))
        try Socket.bind(descriptor, to: .loopback(port: 0))
        try Socket.listen(descriptor, backlog: 128)
        address = Socket.localAddress(of: descriptor)!
        var patience = timeval(tv_sec: 40, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { Socket.close(descriptor) }

    func accept() async throws -> Peer {
        try await blocking { [descriptor] in
            var accepted: Int32
            repeat { accepted = Glibc.accept(descriptor, nil, nil) } while accepted < 0 && errno == EINTR
            guard accepted >= 0 else { throw SystemError.current }
            // A process that another test starts must not keep it open.
            _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
            return Peer(accepted)
        }
    }
}
