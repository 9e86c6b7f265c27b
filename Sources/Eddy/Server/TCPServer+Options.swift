internal import EddyBuffers
public import EddySystem

extension TCPServer {
    /// How a server accepts connections, and how many.
    public struct Options: Sendable {
        /// Which loop accepts a connection.
        public enum Accepting: Sendable {
            /// Every loop has a socket of its own on the address, and the kernel spreads connections over them by a
            /// hash of both addresses (SO_REUSEPORT, socket(7)). A connection never changes its thread.
            ///
            /// A Unix domain socket and an inherited one cannot be bound again: they are accepted on one loop and
            /// handed over in turn.
            case perLoop
            /// One loop accepts and hands connections over to all loops. It knows how many each has, which the kernel's
            /// hash does not; in return each connection that it hands over costs a message to another thread.
            case handingOver(Spreading)
        }

        /// Which loop gets the next connection.
        public enum Spreading: Sendable {
            /// Each in turn.
            case roundRobin
            /// The one with the fewest connections of this server.
            case leastLoaded
        }

        /// What happens to connections beyond ``maximumConnections``.
        public enum LimitPolicy: Sendable {
            /// They are not accepted until another has closed: the kernel keeps them in the backlog, and their peers,
            /// which see a connection, wait. (A few that the kernel has accepted already wait here.)
            case pause
            /// They are accepted and closed at once, so that their peers know.
            case refuse
        }

        /// Which loop accepts a connection.
        public var accepting = Accepting.perLoop
        /// Connections that the kernel keeps until they are accepted: 1 or more, others trap when the server is made.
        /// It cuts the number to net.core.somaxconn (listen(2)).
        public var backlog = 4096
        /// Connections that the server has at a time, on all its loops together; nil: no limit but each loop's own
        /// (``EventLoop/Configuration/maximumConnections``). At least 1: others trap when the server is made.
        public var maximumConnections: Int?
        /// What happens to connections beyond ``maximumConnections``.
        public var atLimit = LimitPolicy.pause
        /// Whether a server on `[::]` serves IPv4 as well (ipv6(7), IPV6_V6ONLY).
        public var isDualStack = true

        /// What is set on the sockets that listen, and so on every connection that they accept, such as
        /// `TCPOption.keepAlive`. Nothing on Unix domain sockets. What the system does not take makes
        /// the server throw.
        public var socketOptions: [TCPOption] = []

        /// Told of what happens to the server, such as its limit, or an error that a handler has thrown; nobody is unless it
        /// is set. Called on a loop's thread, which waits for it, for each incident: there may be very many.
        public var onIncident: (@Sendable (Incident) -> Void)?

        /// Permissions of a Unix domain socket's file, from 0 to 0o777: who may write to it may connect (unix(7)). Others
        /// trap when the server is made. Nil: as the process's umask has them.
        ///
        /// The file has them from the start, whatever the umask is. They do not apply to TCP, to abstract names and to
        /// inherited sockets; nor do the owner and the group.
        public var socketMode: UInt32?
        /// The user ID that owns a Unix domain socket's file; nil: the process's. Another one needs CAP_CHOWN.
        public var socketOwner: UInt32?
        /// The group ID of a Unix domain socket's file; nil: as the system sets it. One that the process's user does not
        /// belong to needs CAP_CHOWN.
        public var socketGroup: UInt32?

        /// The defaults.
        public init() {}

        func requireValid() {
            require((1...Int(Int32.max)).contains(backlog), "backlog must be at least 1")
            require((0...0o777).contains(socketMode ?? 0), "socketMode must lie between 0 and 0o777")
            require(maximumConnections ?? 1 > 0, "maximumConnections must be at least 1")
        }
    }
}
