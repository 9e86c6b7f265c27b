import EddySystem
import Foundation

/// A listening socket with a full backlog: the kernel drops further connection requests, as a firewall might, so a
/// connect to it hangs.
final class BlackHole: Sendable {
    let address: SocketAddress
    private let descriptors: [Int32]

    /// - Parameter address: with port 0 the system picks a port.
    init(at address: SocketAddress = .loopback(port: 0)) throws {
        let listener = try Socket.openStream(for: address)
        try Socket.enable(.reuseAddress, on: listener)
        try Socket.bind(listener, to: address)
        try Socket.listen(listener, backlog: 0)
        self.address = Socket.localAddress(of: listener)!
        var descriptors = [listener]
        // One connection fits; another may be in progress.
        for _ in 0..<3 {
            let descriptor = try Socket.openStream(for: address)
            try? Socket.connectAtOnce(descriptor, to: self.address)
            descriptors.append(descriptor)
        }
        // For a listener this is the length of its queue (`tcp_get_info` of the kernel).
        while try Socket.information(of: listener).unacknowledgedSegments == 0 { usleep(1000) }
        self.descriptors = descriptors
    }

    deinit {
        for descriptor in descriptors { Socket.close(descriptor) }
    }
}
