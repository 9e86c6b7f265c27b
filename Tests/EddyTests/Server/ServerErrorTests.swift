import Eddy
import EddySystem
import Foundation
import Testing

/// A server that cannot start reports why, and how to fix it.
@Suite("server: errors")
struct ServerErrorTests {
    @Test("Listening on a port that is in use fails", arguments: [1, 2])
    func addressInUse(loops: Int) throws {
        let first = try PeerListener()
        let error = #expect(throws: ServerError.self) { _ = try TCPServer(on: .address(first.address), loops: loops) }
        #expect(error == .addressInUse(first.address))
        #expect(error?.description.contains("choose another port") == true)
    }

    @Test("A port that its holder releases a moment later is taken over", arguments: [1, 2])
    func addressGivenUp(loops: Int) async throws {
        // A busy machine may give the holder no processor for as long as the server tries, so one success out of many
        // is enough.
        for _ in 0..<50 {
            let holder = try Socket.openStream(for: .loopback(port: 0))
            try Socket.bind(holder, to: .loopback(port: 0))
            try Socket.listen(holder, backlog: 1)
            let address = try #require(Socket.localAddress(of: holder))
            Thread.detachNewThread {
                usleep(30_000)
                Socket.close(holder)
            }
            let server = Result { () throws(ServerError) in try TCPServer(on: .address(address), loops: loops) }
            if case .failure(.addressInUse) = server { continue }
            #expect(try server.get().address == address)
            return
        }
        Issue.record("the server does not wait for the port")
    }

    @Test("Listening on another machine's address fails")
    func notOurs() throws {
        let address = try SocketAddress("192.0.2.1:80")
        #expect(throws: ServerError.addressNotAvailable(address)) { _ = try TCPServer(on: .address(address)) }
    }

    @Test("A malformed address is rejected")
    func malformed() {
        #expect(throws: ServerError.address(.malformed("nonsense"))) { _ = try TCPServer(on: "nonsense") }
        let text = "nonsense"
        #expect(throws: ServerError.address(.malformed(text))) { _ = try TCPServer(on: .init(text)) }
    }
}
