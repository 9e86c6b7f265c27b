public import EddySystem

extension TCPServer {
    /// What a server listens on: a TCP address, a Unix domain socket, or a socket that another program has opened.
    ///
    /// A string literal is an address:
    ///
    /// ```swift
    /// try TCPServer(on: "127.0.0.1:7000")
    /// try TCPServer(on: "unix:/run/service.sock")
    /// try TCPServer(on: .address(address))
    /// try TCPServer(on: .inherited(.systemd(name: "http")))
    /// ```
    public struct ListenTarget: Equatable, Sendable {
        enum Kind: Equatable {
            case text(String)
            case address(SocketAddress)
            case inherited(InheritedSocket)
        }

        let kind: Kind

        /// The address `text`: `HOST:PORT` (with port 0 the system picks one), `*:PORT` for all of this machine's IPv4
        /// and IPv6 addresses, or `unix:PATH`.
        ///
        /// The server's initializer parses it, and throws ``ServerError/address(_:)`` if it is malformed.
        public init(_ text: String) {
            self.init(kind: .text(text))
        }

        private init(kind: Kind) {
            self.kind = kind
        }

        /// An address; with port 0 the system picks one.
        public static func address(_ address: SocketAddress) -> ListenTarget {
            ListenTarget(kind: .address(address))
        }

        /// 127.0.0.1; with port 0 the system picks one.
        public static func loopback(port: UInt16) -> ListenTarget {
            .address(.loopback(port: port))
        }

        /// A socket that another program has opened. The server closes it at the end. A file that it may have is not
        /// removed: it belongs to the program that created it.
        public static func inherited(_ socket: InheritedSocket) -> ListenTarget {
            ListenTarget(kind: .inherited(socket))
        }
    }
}

extension TCPServer.ListenTarget: ExpressibleByStringInterpolation {
    /// See ``init(_:)``.
    public init(stringLiteral text: String) {
        self.init(text)
    }
}
