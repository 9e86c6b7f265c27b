internal import CLiburing
internal import EddySystem
internal import Glibc

extension FeatureProbe {
    /// Performs a zero-copy send of one piece and one of two. Each must report the number of bytes sent, and then
    /// release the memory. Uses a TCP connection, since other stream sockets do not support zero-copy sends.
    func sendsWithoutCopying() throws(RingError) -> Bool {
        let listener = try Self.openSocket()
        defer { Socket.close(listener) }
        let sender = try Self.openSocket()
        defer { Socket.close(sender) }
        guard let receiver = try Self.connect(sender, by: listener) else { return false }
        defer { Socket.close(receiver) }
        guard try sendsOnePiece(to: sender), try sendsTwoPieces(to: sender) else { return false }
        return Self.receives(100 + 50, from: receiver)
    }

    private func sendsOnePiece(to descriptor: Int32) throws(RingError) -> Bool {
        let entry = unsafe SubmissionEntry.sendZeroCopy(
            descriptor: descriptor,
            address: UnsafeRawPointer(pattern.baseAddress.unsafelyUnwrapped),
            byteCount: 100,
            fixedBuffer: nil,
            token: OperationToken(kind: 3)
        )
        return try sendsAndNotifies(entry, byteCount: 100)
    }

    private func sendsTwoPieces(to descriptor: Int32) throws(RingError) -> Bool {
        let first = unsafe iovec(iov_base: pattern.baseAddress, iov_len: 30)
        let second = unsafe iovec(iov_base: pattern.baseAddress, iov_len: 20)
        var pieces = unsafe (first, second)
        // A pointer to the whole pair: one to its first half must not access the second.
        return try unsafe withUnsafeMutableBytes(of: &pieces) { pieces throws(RingError) in
            var message = unsafe msghdr()
            unsafe message.msg_iov = pieces.assumingMemoryBound(to: iovec.self).baseAddress
            unsafe message.msg_iovlen = 2
            return try unsafe withUnsafePointer(to: &message) { message throws(RingError) in
                let entry = unsafe SubmissionEntry.sendMessageZeroCopy(
                    descriptor: descriptor,
                    message: UnsafeRawPointer(message),
                    token: OperationToken(kind: 3)
                )
                return try sendsAndNotifies(entry, byteCount: 50)
            }
        }
    }

    /// Whether both completions arrive. The notification does not require a receive: loopback copies the bytes.
    private func sendsAndNotifies(_ entry: SubmissionEntry, byteCount: Int32) throws(RingError) -> Bool {
        guard let sent = try perform(entry), sent.result == byteCount, !sent.isLast else { return false }
        try ring.enter(waitFor: 1, deadline: MonotonicClock.now.advanced(by: Self.patience))
        guard let notification = ring.nextCompletion() else { return false }
        return notification.isNotification && notification.isLast
    }

    // MARK: A connection

    private static let openFlags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)

    private static func openSocket() throws(RingError) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | openFlags, 0)
        guard descriptor >= 0 else { throw RingError(call: "socket", error: .current) }
        return descriptor
    }

    /// Connects `sender` over loopback and returns the accepted socket; nil if the interface is missing or a firewall
    /// blocks it.
    private static func connect(_ sender: Int32, by listener: Int32) throws(RingError) -> Int32? {
        do {
            try Socket.bind(listener, to: .loopback(port: 0))
            try Socket.listen(listener, backlog: 1)
        } catch {
            return nil
        }
        guard let address = Socket.localAddress(of: listener) else { return nil }
        unsafe address.withSystemAddress { pointer, length in
            // Usually EINPROGRESS: the listener becomes readable once the connection is established.
            let address = unsafe pointer.assumingMemoryBound(to: sockaddr.self)
            unsafe _ = Glibc.connect(sender, address, socklen_t(length))
        }
        guard isReadable(listener) else { return nil }
        let receiver = accept4(listener, nil, nil, openFlags)
        guard receiver >= 0 else { throw RingError(call: "accept4", error: .current) }
        return receiver
    }

    private static func receives(_ byteCount: Int, from descriptor: Int32) -> Bool {
        var received = 0
        unsafe withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 16) { bytes in
            while received < byteCount, isReadable(descriptor) {
                let count = unsafe recv(descriptor, bytes.baseAddress, byteCount - received, 0)
                guard count > 0, unsafe bytes[..<count].allSatisfy({ $0 == 0x5A }) else { return }
                received += count
            }
        }
        return received == byteCount
    }

    /// Waits up to `patience` until the descriptor is readable.
    private static func isReadable(_ descriptor: Int32) -> Bool {
        var descriptor = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&descriptor, 1, Int32(patience.wholeNanoseconds / 1_000_000)) == 1
    }
}
