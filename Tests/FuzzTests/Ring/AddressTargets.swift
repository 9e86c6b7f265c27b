import Foundation
import Testing

@testable import EddySystem

extension FuzzTests {
    @Suite("addresses")
    struct AddressTargets {
        private static let corpus = [
            "127.0.0.1:7000", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:7000", "[::]:0", "[fe80::1%lo]:1",
            "[fe80::1%1]:1",
            "[::ffff:1.2.3.4]:80", "[2001:db8:0:0:1:0:0:1]:443", "*:80", ":80", "localhost:7000", "a.example.:1",
            "256.0.0.1:1", "1.2.3:4", "0x7f.1:1", "127.1:1", "[127.0.0.1]:1", "::1:80", "[::1]", "host", "host:",
            "host:+1",
            "host:65536", "host:\u{661}", "[:80", "]:80", "[]:1", "a b:1", "unix:/run/service.sock", "unix:@name",
            "unix:",
            "unix:@", "unix:relative", "unix:./@file", "unix:\u{301}mark", "unix:/h\u{E9}",
            "unix:/" + String(repeating: "x", count: 106), "unix:/" + String(repeating: "x", count: 107),
        ]
        private static let dictionary = ["unix:", "[", "]", ":", "::", "*", "%lo", "%", "127.0.0.1", "@", ".", "\u{0}"]

        @Test("A text is rejected or prints as the same address, and numbers are read as by inet_pton")
        func text() async {
            await fuzz("Endpoint", corpus: Self.corpus, dictionary: Self.dictionary) { fuzzCase in
                let text = fuzzCase.text
                let endpoint: Endpoint
                do {
                    endpoint = try Endpoint(text)
                } catch {
                    try Self.requireRightlyRefused(text, error)
                    return
                }
                let printed = "\(endpoint)"
                try require(try Endpoint(printed) == endpoint, "prints as \(printed), which differs")
                try Self.requireAgreement(text, endpoint)
                if let address = endpoint.address { try Self.requireSameThroughSystem(address) }
            }
        }

        /// The path of a Unix domain socket is any text that has no NUL and fits; valid numbers with a valid port are
        /// valid.
        private static func requireRightlyRefused(_ text: String, _ error: any Error) throws {
            try require(!"\(error)".isEmpty, "no message")
            let utf8 = Array(text.utf8)
            if utf8.starts(with: Array("unix:".utf8)) {
                let path = utf8.dropFirst(5)
                let name = path.first == UInt8(ascii: "@") ? path.dropFirst() : path
                try require(name.isEmpty || name.contains(0) || name.count > 107, "a valid path is refused: \(error)")
            } else if let (host, port) = text.asciiHostAndPort, UInt16(port) != nil {
                try require(!host.isIPv4Number, "an IPv4 number is refused: \(error)")
            }
        }

        private static func requireAgreement(_ text: String, _ endpoint: Endpoint) throws {
            if case .unix(let name) = endpoint.address?.host {
                let path = Array(text.utf8.dropFirst(5))
                let expected = path.first == UInt8(ascii: "@") ? [0] + path.dropFirst() : path
                try require(name == expected, "the path is \(name)")
                return
            }
            guard let (host, port) = text.asciiHostAndPort else { throw Violation(description: "is no HOST:PORT") }
            let number =
                endpoint.address?.port ?? { if case .name(_, let port) = endpoint.target { port } else { 0 } }()
            try require(UInt16(port) == number, "the port is \(number)")
            if case .ipv4(let value) = endpoint.address?.host, host.isIPv4Number {
                try require(value == host.ipv4Number, "the number is \(value)")
            }
            if case .ipv6(let upper, let lower, _) = endpoint.address?.host, host.hasPrefix("[") {
                let expected = String(host.dropFirst().dropLast().prefix { $0 != "%" }).ipv6Number
                try require(expected?.0 == upper && expected?.1 == lower, "the number is \(upper), \(lower)")
            }
        }

        private static func requireSameThroughSystem(_ address: SocketAddress) throws {
            let read = address.withSystemAddress { pointer, length in
                SocketAddress(pointer.assumingMemoryBound(to: sockaddr.self), length: length)
            }
            try require(read == address, "is read back from the system's form as \(read as Any)")
        }

        @Test("A system address is read within its length, and prints")
        func system() async {
            var raw: [[UInt8]] = [
                [], [1], [1, 0], [1, 0, 0x40, 0x61], [1, 0, 0, 0x61, 0], [2, 0], [10, 0], [16, 0, 1, 2],
            ]
            for text in Self.corpus {
                guard let address = try? Endpoint(text).address else { continue }
                raw.append(
                    address.withSystemAddress { Array(UnsafeRawBufferPointer(start: $0, count: $1)) }
                )
            }
            await fuzz("sockaddr", corpus: [], raw: raw) { fuzzCase in
                // As long as getsockname(2) may report, in memory of exactly that length.
                let bytes = Array(fuzzCase.input.prefix(128))
                let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
                defer { memory.deallocate() }
                memory.copyBytes(from: bytes)
                guard let base = memory.baseAddress else { return }
                let family = bytes.count >= 2 ? Int32(bytes[0]) | Int32(bytes[1]) << 8 : 0
                let needed = [
                    AF_UNIX: 2, AF_INET: MemoryLayout<sockaddr_in>.size, AF_INET6: MemoryLayout<sockaddr_in6>.size,
                ]
                let address = SocketAddress(base.assumingMemoryBound(to: sockaddr.self), length: bytes.count)
                let isWhole = needed[family].map { bytes.count >= $0 } ?? false
                try require((address != nil) == isWhole, "read as \(address as Any)")
                guard let address else { return }
                let printed = "\(address)"
                try require(!printed.isEmpty, "prints nothing")
                // An address that is text and has a text form must survive a round trip. An interface may have gone
                // since.
                switch address.host {
                case .ipv6(_, _, let scope) where scope != 0: return
                case .unix(let name):
                    let path = name.first == 0 ? Array(name.dropFirst()) : name
                    let isText = String(validating: path, as: UTF8.self) != nil && !path.contains(0) && !path.isEmpty
                    guard isText, path.count < 106 else { return }
                default: break
                }
                let again = try SocketAddress(printed)
                try require("\(again)" == printed, "prints as \(printed), and then as \(again)")
                let isFileThere = { (address: SocketAddress) in
                    if case .unix(let name) = address.host { name.first != 0 } else { false }
                }
                try require(
                    isFileThere(again) == isFileThere(address),
                    "prints as \(printed), which is of another type"
                )
            }
        }

        @Test("TCP_INFO is read whichever bytes the kernel writes")
        func information() async {
            await fuzz("tcp_info", corpus: [], raw: [[UInt8](repeating: 0xFF, count: 256), Array(0...255)]) {
                fuzzCase in
                let bytes = Array((fuzzCase.input + [UInt8](repeating: 0, count: 256)).prefix(256))
                let fields = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 8)
                defer { fields.deallocate() }
                fields.copyBytes(from: bytes)
                let information = TCPInformation(kernelFields: UnsafeRawBufferPointer(fields))
                let retransmissions = (0..<4).reduce(0) { $0 | Int(bytes[100 + $1]) << (8 * $1) }
                try require(information.totalRetransmissions == retransmissions, "\(information)")
                let acknowledged = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[120 + $1]) << (8 * UInt64($1)) }
                try require(information.bytesAcknowledged == acknowledged, "\(information)")
            }
        }
    }
}

extension String {
    /// The text before and after the last colon.
    fileprivate var asciiHostAndPort: (host: String, port: String)? {
        guard let colon = utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        return (String(self[..<colon]), String(self[utf8.index(after: colon)...]))
    }

    fileprivate var isIPv4Number: Bool { ipv4Number != nil }

    fileprivate var ipv4Number: UInt32? {
        var address = in_addr()
        guard !utf8.contains(0), inet_pton(AF_INET, self, &address) == 1 else { return nil }
        return UInt32(bigEndian: address.s_addr)
    }

    fileprivate var ipv6Number: (UInt64, UInt64)? {
        var halves: (UInt64, UInt64) = (0, 0)
        guard !utf8.contains(0), inet_pton(AF_INET6, self, &halves) == 1 else { return nil }
        return (UInt64(bigEndian: halves.0), UInt64(bigEndian: halves.1))
    }
}
