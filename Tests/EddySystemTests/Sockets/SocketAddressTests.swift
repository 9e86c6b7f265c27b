import EddySystem
import Testing

/// Parsing and printing addresses.
@Suite("system: socket addresses")
struct SocketAddressTests {
    @Test(
        "Addresses that print as they are written",
        arguments: [
            "127.0.0.1:7000", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:80", "[::]:0",
            "[2001:db8::8:800:200c:417a]:1", "[::ffff:192.0.2.1]:443", "[fe80::1%lo]:9",
        ]
    )
    func roundTrip(text: String) throws {
        let address = try SocketAddress(text)
        #expect(address.description == text)
        #expect(try SocketAddress(address.description) == address)
    }

    @Test(
        "Alternative notations of an address",
        arguments: [
            ("127.0.0.1:0080", "127.0.0.1:80"), ("127.1:80", "127.0.0.1:80"),
            ("[0:0:0:0:0:0:0:1]:80", "[::1]:80"), ("[2001:DB8::1]:80", "[2001:db8::1]:80"),
            // The percent sign of a zone, as written in URIs (RFC 6874).
            ("[fe80::1%25lo]:9", "[fe80::1%lo]:9"),
        ]
    )
    func otherForms(text: String, shown: String) throws {
        #expect(try SocketAddress(text).description == shown)
    }

    @Test("A name is resolved")
    func name() throws {
        let address = try SocketAddress("localhost:80")
        #expect(["127.0.0.1:80", "[::1]:80"].contains(address.description))
    }

    @Test(
        "Rejects texts that are not addresses",
        arguments: [
            "", "localhost", "127.0.0.1", "::1:80", "1:2:3", "[::1:80", "::1]:80", "[]:80", "[127.0.0.1]:80",
            "[localhost]:80", "a b:80", "a\nb:80", "a\0b:80", "\t:80", "[::1\0]:80",
        ]
    )
    func malformed(text: String) {
        #expect(throws: AddressError.self) { _ = try SocketAddress(text) }
        #expect(throws: AddressError.malformed(text)) { _ = try SocketAddress(text) }
    }

    @Test(
        "Rejects invalid ports",
        arguments: [
            ":", "::", "h:", "h:x", "h:-1", "h:+1", "h: 1", "h:1 ", "h:65536", "h:99999999999999999999", "h:٣", "h:1\0",
        ]
    )
    func badPort(text: String) {
        let port = text.suffix(from: text.index(after: text.lastIndex(of: ":")!))
        #expect(throws: AddressError.badPort(String(port))) { _ = try SocketAddress(text) }
    }

    @Test(
        "Names that cannot be resolved are reported as such",
        arguments: ["256.0.0.1:80", "[12345::1]:80", "[fe80::1%no-such-interface]:80", "..:80", "a..b:80"]
    )
    func unresolved(text: String) throws {
        let error = #expect(throws: AddressError.self) { _ = try SocketAddress(text) }
        guard case .unresolved = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.description.contains("does not resolve") == true)
    }

    @Test("A name of a million letters is rejected")
    func longName() {
        let name = String(repeating: "a", count: 1_000_000)
        #expect(throws: AddressError.self) { _ = try SocketAddress(name + ":80") }
    }

    @Test("The loopback address and another port of the same host")
    func construction() throws {
        #expect(SocketAddress.loopback(port: 7).description == "127.0.0.1:7")
        #expect(try SocketAddress("[::1]:1").withPort(2) == SocketAddress("[::1]:2"))
        #expect(try SocketAddress("127.0.0.1:1") == .loopback(port: 1))
        #expect(try Set([SocketAddress("[::1]:1"), SocketAddress("[0::1]:1")]).count == 1)
    }

    @Test("The system returns the address that it was given", arguments: ["127.0.0.1:0", "[::1]:0"])
    func throughTheSystem(text: String) throws {
        let address = try SocketAddress(text)
        guard let descriptor = try? Socket.openStream(for: address) else { return }
        defer { Socket.close(descriptor) }
        // Not every machine has IPv6.
        guard (try? Socket.bind(descriptor, to: address)) != nil || text.hasPrefix("127") else { return }
        let bound = try #require(Socket.localAddress(of: descriptor))
        #expect(bound.port > 0)
        #expect(bound.withPort(0) == address)
        #expect(Socket.remoteAddress(of: descriptor) == nil)
    }
}
