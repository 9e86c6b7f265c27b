internal import CLiburing
internal import Glibc
internal import Synchronization

/// The socket calls that do not wait and so need no ring: opening, naming, shutting down, closing.
///
/// They are deliberately direct system calls: as operations of a ring they would run on a worker thread (shutdown) or
/// gain nothing (the others happen once per listener or connection).
package enum Socket {
    /// Opens a stream socket for the family of `address`, with close-on-exec set.
    package static func openStream(for address: SocketAddress) throws(SystemError) -> Int32 {
        try openStream(family: address.family)
    }

    private static func openStream(family: Int32) throws(SystemError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, type, 0)
        guard descriptor >= 0 else { throw .current }
        return descriptor
    }

    /// Prepares a descriptor that this process was given: sets close-on-exec, and makes it blocking so that a ring can
    /// wait for it.
    ///
    /// A ring does not wait for a descriptor in non-blocking mode (io_uring_enter(2), EAGAIN). Every process that has
    /// the socket shares the mode.
    package static func adopt(_ descriptor: Int32) throws(SystemError) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) >= 0 else { throw .current }
    }

    /// Whether this machine can create IPv6 sockets: not with `ipv6.disable=1`, nor in a container that forbids them.
    ///
    /// Determined on first use and then cached. If the attempt fails for a temporary reason, such as a lack of
    /// descriptors, the result is true and the next call tries again.
    package static var hasIPv6: Bool {
        foundIPv6.withLock { found in
            if let found { return found }
            do throws(SystemError) {
                close(try openStream(family: AF_INET6))
                found = true
            } catch {
                switch error {
                case .addressFamilyNotSupported, .protocolNotSupported, .accessDenied, .notPermitted: found = false
                default: break
                }
            }
            return found ?? true
        }
    }

    private static let foundIPv6 = Mutex<Bool?>(nil)

    package static func bind(_ descriptor: Int32, to address: SocketAddress) throws(SystemError) {
        try unsafe address.withSystemAddress { pointer, length throws(SystemError) in
            let address = unsafe pointer.assumingMemoryBound(to: sockaddr.self)
            guard unsafe Glibc.bind(descriptor, address, socklen_t(length)) == 0 else { throw .current }
        }
    }

    /// Like ``bind(_:to:)``, but retries while the address is in use, for at most `patience`. Blocks the thread.
    package static func bind(
        _ descriptor: Int32,
        to address: SocketAddress,
        patience: Duration
    ) throws(SystemError) {
        let deadline = MonotonicClock.now.advanced(by: patience)
        while true {
            do throws(SystemError) {
                return try bind(descriptor, to: address)
            } catch {
                guard error == .addressInUse, MonotonicClock.now < deadline else { throw error }
                usleep(2_000)
            }
        }
    }

    /// Connects without waiting. For a Unix domain socket this completes at once, with EAGAIN if the listener's backlog
    /// is full.
    package static func connectAtOnce(_ descriptor: Int32, to address: SocketAddress) throws(SystemError) {
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        try unsafe address.withSystemAddress { pointer, length throws(SystemError) in
            let address = unsafe pointer.assumingMemoryBound(to: sockaddr.self)
            guard unsafe Glibc.connect(descriptor, address, socklen_t(length)) == 0 else { throw .current }
        }
    }

    package static func listen(_ descriptor: Int32, backlog: Int32) throws(SystemError) {
        guard Glibc.listen(descriptor, backlog) == 0 else { throw .current }
    }

    /// Whether the process or the system has no free descriptor.
    static var areDescriptorsUsedUp: Bool {
        let descriptor = eventfd(0, Int32(EFD_CLOEXEC))
        guard descriptor >= 0 else { return errno == EMFILE || errno == ENFILE }
        close(descriptor)
        return false
    }

    // MARK: Options

    package enum Option {
        /// Listen on an address that connections of an earlier listener still use (socket(7)).
        case reuseAddress
        /// Several listeners on one port, among which the kernel distributes connections (socket(7)).
        case reusePort
        /// Send small segments at once (tcp(7)); connections inherit it from their listener.
        case noDelay
        /// Listen only for IPv6 (ipv6(7)). The default depends on the system.
        case onlyIPv6
        /// Defer the choice of a port to `connect`, which can use one port for many peers (ip(7)).
        case noPortWhenBound
        /// Receive urgent bytes in place in the stream, as RFC 6093 requires, instead of skipping them. It also keeps a
        /// waiting receive from stopping at the urgent mark (tcp(7), SO_OOBINLINE).
        case urgentInline
        /// Accept at most ``unsentLimit`` unsent bytes (tcp(7), TCP_NOTSENT_LOWAT); connections inherit it from their
        /// listener. The whole machine shares the kernel's TCP memory, and if slow peers fill it the kernel drops
        /// packets of all connections (tcp(7), tcp_mem).
        case limitUnsent
    }

    /// Unsent bytes that a socket holds: the kernel memory that a peer costs that receives nothing.
    static let unsentLimit: Int32 = 32 << 10

    package static func enable(_ option: Option, on descriptor: Int32) throws(SystemError) {
        if case .limitUnsent = option { return try set(option, to: unsentLimit, on: descriptor) }
        try set(option, to: 1, on: descriptor)
    }

    package static func disable(_ option: Option, on descriptor: Int32) throws(SystemError) {
        try set(option, to: 0, on: descriptor)
    }

    private static func set(_ option: Option, to value: Int32, on descriptor: Int32) throws(SystemError) {
        let (level, name): (Int32, Int32) =
            switch option {
            case .reuseAddress: (SOL_SOCKET, SO_REUSEADDR)
            case .reusePort: (SOL_SOCKET, SO_REUSEPORT)
            case .noDelay: (Int32(IPPROTO_TCP), TCP_NODELAY)
            case .onlyIPv6: (Int32(IPPROTO_IPV6), IPV6_V6ONLY)
            case .noPortWhenBound: (Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT)
            case .urgentInline: (SOL_SOCKET, SO_OOBINLINE)
            case .limitUnsent: (Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT)
            }
        try set(level, name, to: value, on: descriptor)
    }

    /// Sets an option whose value is an `int` (setsockopt(2)).
    static func set(_ level: Int32, _ name: Int32, to value: Int32, on descriptor: Int32) throws(SystemError) {
        var value = value
        let size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe setsockopt(descriptor, level, name, &value, size) == 0 else { throw .current }
    }

    /// Makes `close` reset the connection instead of closing it gracefully: SO_LINGER with a timeout of 0 (socket(7)).
    package static func resetOnClose(_ descriptor: Int32) {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        unsafe _ = setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_LINGER,
            &linger,
            socklen_t(MemoryLayout<Glibc.linger>.size)
        )
    }

    // MARK: Names

    package static func localAddress(of descriptor: Int32) -> SocketAddress? {
        unsafe name(of: descriptor, getsockname)
    }

    package static func remoteAddress(of descriptor: Int32) -> SocketAddress? {
        unsafe name(of: descriptor, getpeername)
    }

    private static func name(
        of descriptor: Int32,
        _ call: (Int32, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?) -> Int32
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutablePointer(to: &storage) { storage in
            let address = unsafe UnsafeMutableRawPointer(storage).assumingMemoryBound(to: sockaddr.self)
            return unsafe call(descriptor, address, &length) == 0
                ? SocketAddress(address, length: Int(length)) : nil
        }
    }

    /// Whether the peer is on this machine: its address is a loopback address or equals the local one, or the socket
    /// has no peer in an IP network.
    package static func isWithinMachine(_ descriptor: Int32) -> Bool {
        guard let local = localAddress(of: descriptor), let remote = remoteAddress(of: descriptor) else { return true }
        if local.host == remote.host { return true }
        return switch remote.unmapped.host {
        case .ipv4(let address): address >> 24 == 127
        case .ipv6(let upper, let lower, _): upper == 0 && lower == 1
        case .unix: true
        }
    }

    // MARK: Ending

    /// Shuts down sending: the peer reads the end of the stream after all bytes that were sent.
    package static func shutdownWrite(_ descriptor: Int32) {
        _ = Glibc.shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Closes the descriptor. This cancels no operation, so the last completion of each must have arrived before.
    ///
    /// On Linux close(2) releases the descriptor even if it fails, so it is never repeated.
    package static func close(_ descriptor: Int32) {
        _ = Glibc.close(descriptor)
    }

    /// Bytes passed to the kernel that the peer has not acknowledged; nil if the socket cannot report it or is no
    /// longer connected.
    package static func unacknowledgedBytes(_ descriptor: Int32) -> Int? {
        // Otherwise bytes discarded by a reset would count forever.
        if let information = try? information(of: descriptor), information.isClosed { return nil }
        var bytes: Int32 = 0
        return unsafe ioctl(descriptor, UInt(SIOCOUTQ), &bytes) == 0 ? Int(bytes) : nil
    }

    /// Bytes that the peer has acknowledged since the connection was established; 0 if the socket cannot report it.
    package static func acknowledgedBytes(_ descriptor: Int32) -> UInt64 {
        (try? information(of: descriptor))?.bytesAcknowledged ?? 0
    }

    /// Received bytes in the socket's buffer (tcp(7), SIOCINQ); 0 if the socket cannot report it.
    package static func bytesToReceive(_ descriptor: Int32) -> Int {
        var bytes: Int32 = 0
        return unsafe ioctl(descriptor, UInt(FIONREAD), &bytes) == 0 ? Int(bytes) : 0
    }

    /// A number that, during one send, changes only when the peer accepts bytes: the bytes that TCP has delivered; for
    /// other sockets, derived from the unsent bytes (SIOCOUTQ).
    package static func deliveryProgress(_ descriptor: Int32) -> UInt64 {
        let acknowledged = acknowledgedBytes(descriptor)
        return acknowledged > 0 ? acknowledged : UInt64.max - UInt64(unacknowledgedBytes(descriptor) ?? 0)
    }
}
