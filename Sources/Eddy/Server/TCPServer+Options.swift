internal import EddyBuffers
public import EddySystem

extension TCPServer {
    /// How a server accepts connections, and how many.
    public struct Options: Sendable {
        /// Which loop accepts a connection.
        public enum Accepting: Sendable {
            /// Every loop has its own socket on the address, and the kernel distributes connections among them by a
            /// hash of both addresses (SO_REUSEPORT, socket(7)). A connection never changes its thread.
            ///
            /// A Unix domain socket or an inherited socket cannot be bound again: one loop accepts, and connections are
            /// distributed in turn.
            case perLoop
            /// One loop accepts, and distributes connections among all loops by their numbers of connections, which the
            /// kernel's hash does not know. In return each connection that moves to another loop costs a message to its
            /// thread.
            case distributing(Balancing)
        }

        /// How the loop that gets the next connection is chosen.
        public enum Balancing: Sendable {
            /// Each loop in turn.
            case roundRobin
            /// The loop with the fewest connections of this server.
            case leastLoaded
        }

        /// When the handler of a connection starts.
        public enum HandlerStart: Sendable {
            /// As soon as the connection is accepted.
            case onAccept
            /// When the peer has sent something or ended its stream. Until then the connection has no task, and takes a
            /// tenth of the memory. If it fails or times out before, or the server shuts down, it is closed without a
            /// handler.
            ///
            /// For protocols in which the client speaks first: a handler that greets its client would wait forever.
            ///
            /// `within` is how long the peer may take; nil: as long as ``EventLoop/Configuration/timeouts`` allows.
            /// Timeouts that a handler sets apply once it has started, so a server that limits its connections should
            /// set this.
            case onFirstByte(within: Duration?)
        }

        /// What happens to connections beyond ``maximumConnections``.
        public enum LimitPolicy: Sendable {
            /// They are not accepted until another connection has closed. The kernel keeps them in the backlog: their
            /// peers are connected, and wait. (A few that the kernel has already accepted wait in the server.)
            case pause
            /// They are accepted and closed at once, so that their peers notice.
            case refuse
        }

        /// Which loop accepts a connection.
        public var accepting = Accepting.perLoop
        /// The number of connections that the kernel queues until they are accepted, at least 1; creating a server with
        /// less traps. The kernel limits it to net.core.somaxconn (listen(2)).
        public var backlog = 4096
        /// The maximum number of concurrent connections of the server, on all its loops together. Nil: only each loop's
        /// own limit applies (``EventLoop/Configuration/maximumConnections``). At least 1; creating a server with less
        /// traps.
        public var maximumConnections: Int?
        /// What happens to connections beyond ``maximumConnections``.
        public var atLimit = LimitPolicy.pause
        /// When the handlers of connections start.
        public var handlerStart = HandlerStart.onAccept
        /// Whether a server on `[::]` also accepts IPv4 connections (ipv6(7), IPV6_V6ONLY).
        public var isDualStack = true

        /// Options of the listening sockets, which accepted connections inherit, such as `TCPOption.keepAlive`. Ignored
        /// on Unix domain sockets. The server's initializer throws if the system rejects one.
        public var socketOptions: [TCPOption] = []

        /// Called for each incident, such as a reached limit or an error that a handler has thrown. Called on a loop's
        /// thread, which waits for it; incidents can be very frequent.
        public var onIncident: (@Sendable (Incident) -> Void)?

        /// The permissions of a Unix domain socket's file, from 0 to 0o777; creating a server with others traps. Who
        /// may write to the file may connect (unix(7)). Nil: as the process's umask determines.
        ///
        /// The file has them from its creation, independently of the umask. They do not apply to TCP, abstract names
        /// and inherited sockets; neither do the owner and the group.
        public var socketMode: UInt32?
        /// The user ID that owns a Unix domain socket's file. Nil: the process's user. Another user requires CAP_CHOWN.
        public var socketOwner: UInt32?
        /// The group ID of a Unix domain socket's file. Nil: as the system sets it. A group that the process's user
        /// does not belong to requires CAP_CHOWN.
        public var socketGroup: UInt32?

        /// Creates the default options.
        public init() {}

        func requireValid() {
            require((1...Int(Int32.max)).contains(backlog), "backlog must be at least 1")
            require((0...0o777).contains(socketMode ?? 0), "socketMode must lie between 0 and 0o777")
            require(maximumConnections ?? 1 > 0, "maximumConnections must be at least 1")
        }
    }
}
