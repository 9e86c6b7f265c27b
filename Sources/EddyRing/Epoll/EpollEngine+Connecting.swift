internal import CLiburing
internal import EddySystem
internal import Glibc

extension EpollEngine {
    // MARK: Accepting

    /// The number of connections that one listener accepts before other queues run.
    private static let connectionsATurn = 64

    /// accept(2) has no flag for a non-blocking call, so the listening socket becomes non-blocking permanently.
    func startAccepting(_ entry: SubmissionEntry) {
        let flags = fcntl(entry.descriptor, F_GETFL)
        guard flags >= 0 else { return post(entry.token, -errno) }
        if flags & O_NONBLOCK == 0 { _ = fcntl(entry.descriptor, F_SETFL, flags | O_NONBLOCK) }
        startWaiting(entry, toRead: true)
        // Try at once: epoll reports nothing for a socket that does not listen.
        descriptors.appendReady(.reading(entry.descriptor))
    }

    func accept(_ slot: UInt32) -> PollResult {
        let entry = operations[slot].entry
        let isMultishot = entry.operationOptions & UInt16(IORING_ACCEPT_MULTISHOT) != 0
        for _ in 0..<Self.connectionsATurn {
            guard hasRoom else { return .yields }
            let descriptor = accept4(entry.descriptor, nil, nil, Int32(bitPattern: entry.callFlags))
            if descriptor < 0 {
                if errno == EAGAIN { return .waits }
                if errno == EINTR { continue }
                post(entry.token, -errno)
                return .finished
            }
            post(entry.token, descriptor, isMultishot ? .more : [])
            guard isMultishot else { return .finished }
        }
        return .yields
    }

    // MARK: Connecting

    /// The socket is non-blocking only for this call.
    func startConnecting(_ entry: SubmissionEntry) {
        let flags = fcntl(entry.descriptor, F_GETFL)
        guard flags >= 0 else { return post(entry.token, -errno) }
        if flags & O_NONBLOCK == 0 { _ = fcntl(entry.descriptor, F_SETFL, flags | O_NONBLOCK) }
        let address = unsafe UnsafePointer<sockaddr>(bitPattern: UInt(entry.address))
        let result = unsafe Glibc.connect(entry.descriptor, address, socklen_t(entry.offset))
        let error = result == 0 ? 0 : errno
        if flags & O_NONBLOCK == 0 { _ = fcntl(entry.descriptor, F_SETFL, flags) }
        if error == EINPROGRESS || error == EINTR {
            startWaiting(entry, toRead: false)
        } else {
            post(entry.token, -error)
        }
    }

    /// Checks whether the connection succeeded, failed, or is still in progress: an event may concern an earlier file
    /// with the same number.
    func connect(_ slot: UInt32) -> PollResult {
        let entry = operations[slot].entry
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        if unsafe getsockopt(entry.descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0 { error = errno }
        if error == 0, Socket.remoteAddress(of: entry.descriptor) == nil { return .waits }
        post(entry.token, -error)
        return .finished
    }
}
