import EddySystem
import EddyTestSupport
import Testing

/// Unix domain socket addresses.
@Suite("system: Unix addresses")
struct UnixAddressTests {
    @Test(
        "Paths and abstract names print as they are written",
        arguments: ["unix:/run/eddy.sock", "unix:relative", "unix:@name", "unix:@a:b@c", "unix:/a b", "unix:/größe"]
    )
    func roundTrip(text: String) throws {
        let address = try SocketAddress(text)
        #expect(address.isUnix && !address.isIPv6)
        #expect(address.port == 0)
        #expect(address.description == text)
        #expect(address.withPort(80) == address)
        #expect(try Endpoint(text).address == address)
    }

    @Test("Rejects texts that are not Unix addresses", arguments: ["unix:", "unix:@", "unix:/a\0b", "unix:@\0"])
    func malformed(text: String) {
        #expect(throws: AddressError.malformed(text)) { _ = try SocketAddress(text) }
    }

    @Test("The longest path has 107 bytes", arguments: ["", "@"])
    func length(prefix: String) throws {
        // Abstract names are global to the machine, so two concurrent runs need different ones.
        let unique = String(UInt64.random(in: .min ... .max), radix: 36)
        let longest = prefix + unique + String(repeating: "a", count: 107 - unique.count)
        let address = try SocketAddress("unix:" + longest)
        let descriptor = try Socket.openStream(for: address)
        defer { Socket.close(descriptor) }
        if prefix == "@" {
            try Socket.bind(descriptor, to: address)
            #expect(Socket.localAddress(of: descriptor) == address)
        }
        let error = #expect(throws: AddressError.self) { _ = try SocketAddress("unix:" + longest + "a") }
        #expect(error == .pathTooLong(longest + "a", byteCount: 108))
        #expect(error?.description.contains("107") == true)
    }

    @Test("A socket without a name has the empty one")
    func unnamed() throws {
        let descriptor = try Socket.openStream(for: SocketAddress("unix:@x"))
        defer { Socket.close(descriptor) }
        let address = try #require(Socket.localAddress(of: descriptor))
        #expect(address.description == "unix:")
        #expect(address.isUnix)
    }

    @Test("An IPv4-mapped IPv6 address is converted to IPv4; others stay")
    func unmapped() throws {
        #expect(try SocketAddress("[::ffff:192.0.2.1]:443").unmapped == SocketAddress("192.0.2.1:443"))
        for text in ["[::1]:443", "[2001:db8::ffff:1.2.3.4]:1", "127.0.0.1:443", "unix:/a"] {
            let address = try SocketAddress(text)
            #expect(address.unmapped == address)
        }
    }

    @Test("An endpoint keeps a name unchanged without resolving it")
    func endpoint() throws {
        let endpoint = try Endpoint("no-such-host.invalid:7000")
        #expect(endpoint.address == nil)
        #expect(endpoint.description == "no-such-host.invalid:7000")
        #expect(try Endpoint("127.0.0.1:7").address == .loopback(port: 7))
        #expect(throws: AddressError.badPort("x")) { _ = try Endpoint("localhost:x") }
        #expect(throws: AddressError.self) { _ = try Endpoint("256.0.0.1:80") }
    }

    @Test("The wildcard address is IPv6 if available, which also accepts IPv4")
    func any() throws {
        let any = try SocketAddress("*:80")
        #expect(any.description == (Socket.hasIPv6 ? "[::]:80" : "0.0.0.0:80"))
        #expect(try SocketAddress(":80") == any)
    }

    @Test("A temporary lack of descriptors is not mistaken for a machine without IPv6")
    func anyWithoutDescriptors() async {
        await #expect(processExitsWith: .success) {
            #expect(withoutDescriptors { Socket.hasIPv6 })
            let descriptor = try? Socket.openStream(for: SocketAddress("[::1]:0"))
            #expect(Socket.hasIPv6 == (descriptor != nil))
        }
    }
}
