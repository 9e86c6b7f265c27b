import EddySystem
import EddyTestSupport
import Glibc
import Testing

/// Binding an address that another socket uses.
@Suite("system: binding", .timeLimit(.minutes(5)))
struct BindingTests {
    /// A listening socket and its address.
    private func holder() throws -> (descriptor: Int32, address: SocketAddress) {
        let descriptor = try Socket.openStream(for: .loopback(port: 0))
        try Socket.bind(descriptor, to: .loopback(port: 0))
        try Socket.listen(descriptor, backlog: 1)
        return (descriptor, try #require(Socket.localAddress(of: descriptor)))
    }

    @Test("Binding an address in use is retried until its holder closes it")
    func holderCloses() throws {
        let (holder, address) = try holder()
        let closing = Background {
            usleep(30_000)
            Socket.close(holder)
        }
        let descriptor = try Socket.openStream(for: address)
        defer { Socket.close(descriptor) }
        try Socket.bind(descriptor, to: address, patience: .seconds(100))
        closing.join()
        #expect(Socket.localAddress(of: descriptor) == address)
    }

    @Test("Binding an address that stays in use fails in the end", arguments: [Duration.zero, .milliseconds(20)])
    func holderStays(patience: Duration) throws {
        let (holder, address) = try holder()
        defer { Socket.close(holder) }
        let descriptor = try Socket.openStream(for: address)
        defer { Socket.close(descriptor) }
        #expect(throws: SystemError.addressInUse) {
            try Socket.bind(descriptor, to: address, patience: patience)
        }
    }

    @Test("Only an address in use is retried")
    func otherErrors() throws {
        // 203.0.113.0/24 is reserved for documentation: no machine has such an address.
        let address = try SocketAddress("203.0.113.1:0")
        let descriptor = try Socket.openStream(for: address)
        defer { Socket.close(descriptor) }
        #expect(throws: SystemError.addressNotAvailable) {
            try Socket.bind(descriptor, to: address, patience: .seconds(3600))
        }
    }
}
