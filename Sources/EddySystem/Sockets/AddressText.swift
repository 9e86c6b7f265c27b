/// A parsed address text, before any name is resolved.
package enum AddressText: Hashable, Sendable {
    case address(SocketAddress)
    case name(String, port: UInt16)

    /// Reads `HOST:PORT` or `unix:PATH`.
    init(_ text: String) throws(AddressError) {
        let scheme = "unix:"
        // Compare bytes: a path may begin with a combining mark, which would merge with the colon into one character.
        if text.utf8.starts(with: scheme.utf8) {
            let path = String(Substring(text.utf8.dropFirst(scheme.utf8.count)))
            self = .address(try SocketAddress(unixPath: path))
            return
        }
        guard let colon = text.lastIndex(of: ":") else { throw .malformed(text) }
        let portText = text[text.index(after: colon)...]
        var host = String(text[..<colon])
        guard !portText.isEmpty, portText.allSatisfy({ $0.isASCII && $0.isNumber }), let port = UInt16(portText) else {
            throw .badPort(String(portText))
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard host.contains(":") else { throw .malformed(text) }
            // In URIs the percent sign before a zone is written as %25 (RFC 6874).
            if let zone = host.firstRange(of: "%25") { host.replaceSubrange(zone, with: "%") }
        } else if host.contains(":") {
            throw .malformed(text)
        }
        guard !host.utf8.contains(0), !host.contains(where: \.isWhitespace) else { throw .malformed(text) }
        if host.isEmpty || host == "*" {
            self = .address(.any(port: port))
        } else if let number = SocketAddress(number: host) {
            self = .address(number.withPort(port))
        } else if host.contains(":") {
            let scope = host.contains("%") ? ", a link-local one with an interface of this machine after the %" : ""
            throw .unresolved(name: host, reason: "it is not an IPv6 address" + scope)
        } else if host.split(separator: ".").last?.allSatisfy({ $0.isASCII && $0.isNumber }) == true {
            // No host name ends with a number (RFC 3696, section 2), so no lookup is needed.
            throw .unresolved(name: host, reason: "it is not an IPv4 address")
        } else {
            self = .name(host, port: port)
        }
    }
}
