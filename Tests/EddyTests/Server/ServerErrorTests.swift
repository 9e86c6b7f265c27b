import Eddy
import Testing

/// A server that cannot start says why and what to do.
@Suite("server: errors")
struct ServerErrorTests {
    @Test("Somebody listens there already", arguments: [1, 2])
    func addressInUse(loops: Int) throws {
        let first = try PeerListener()
        let error = #expect(throws: ServerError.self) { _ = try TCPServer(on: first.address, loops: loops) }
        #expect(error == .addressInUse(first.address))
        #expect(error?.description.contains("choose another port") == true)
    }

    @Test("The address is another machine's")
    func notOurs() throws {
        let address = try SocketAddress("192.0.2.1:80")
        #expect(throws: ServerError.addressNotAvailable(address)) { _ = try TCPServer(on: address) }
    }

    @Test("The text is no address")
    func malformed() {
        #expect(throws: ServerError.address(.malformed("nonsense"))) { _ = try TCPServer(on: "nonsense") }
    }
}
