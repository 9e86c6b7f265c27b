import EddySystem
import Glibc

/// A client's socket. It sends a byte pattern and accepts nothing else back. Closes itself.
struct SoakSocket: ~Copyable {
    enum Failure: Error {
        /// The server, or the system on its behalf, has ended the connection.
        case broken(SystemError?, sent: Int, received: Int)
        /// Bytes that were never sent, or not at this position.
        case wrong(at: Int)
        /// The stream continued where it should have ended.
        case tooMuch(received: Int)
        /// Nothing has happened for so long that the connection must have hung.
        case hangs(sent: Int, received: Int)
        case system(String, SystemError)
    }

    private(set) var sent = 0
    private(set) var received = 0
    /// The most bytes that one call sends or receives.
    var longestPiece = 64 << 10
    private let descriptor: Int32
    private let pattern: SoakPattern

    private init(_ descriptor: Int32, _ pattern: SoakPattern) {
        self.descriptor = descriptor
        self.pattern = pattern
    }

    /// Connects; with a small receive buffer for a slow peer.
    static func connect(to address: SocketAddress, receiveBuffer: Int32?, seed: UInt64) throws(Failure) -> SoakSocket {
        let descriptor: Int32
        do { descriptor = try Socket.openStream(for: address) } catch { throw .system("socket", error) }
        let socket = SoakSocket(descriptor, SoakPattern(seed: seed))
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        let result = address.withSystemAddress { pointer, length in
            Glibc.connect(descriptor, pointer.assumingMemoryBound(to: sockaddr.self), socklen_t(length))
        }
        guard result == 0 else { throw .broken(.current, sent: 0, received: 0) }
        do { try Socket.enable(.noDelay, on: descriptor) } catch { throw .system("setsockopt", error) }
        return socket
    }

    deinit { Socket.close(descriptor) }

    /// Half-closes the connection.
    func finish() { Socket.shutdownWrite(descriptor) }

    func resetOnClose() { Socket.resetOnClose(descriptor) }

    /// Sends until `total` bytes are sent, and concurrently receives until `wanted` bytes are received.
    mutating func exchange(upTo total: Int, receiving wanted: Int) throws(Failure) {
        while sent < total || received < wanted {
            var events: Int32 = 0
            if sent < total { events |= POLLOUT }
            if received < wanted { events |= POLLIN }
            guard try wait(for: events, milliseconds: Self.patience) else {
                throw .hangs(sent: sent, received: received)
            }
            if received < wanted { try receivePiece(upTo: wanted) }
            if sent < total { try sendPiece(upTo: total) }
        }
    }

    /// Sends until `total` bytes are sent, or the server has taken none for a while.
    mutating func flood(upTo total: Int) throws(Failure) {
        while sent < total {
            guard try wait(for: POLLOUT, milliseconds: 10) else { return }
            try sendPiece(upTo: total)
        }
    }

    /// Waits for the end of the stream.
    mutating func receiveEnd() throws(Failure) {
        guard try wait(for: POLLIN, milliseconds: Self.patience) else { throw .hangs(sent: sent, received: received) }
        do {
            try receivePiece(upTo: .max)
        } catch .broken(nil, _, _) {
            return
        }
        throw .tooMuch(received: received)
    }

    /// Longer than any test needs.
    private static let patience: Int32 = 60_000

    private func wait(for events: Int32, milliseconds: Int32) throws(Failure) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        let result = Glibc.poll(&poll, 1, milliseconds)
        guard result >= 0 else { throw .system("poll", .current) }
        return result > 0
    }

    private mutating func sendPiece(upTo total: Int) throws(Failure) {
        let result = pattern.withBytes(at: sent, count: min(longestPiece, total - sent)) {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        }
        guard result >= 0 else { return try failUnlessAgain() }
        sent += result
    }

    private mutating func receivePiece(upTo wanted: Int) throws(Failure) {
        let result = withUnsafeTemporaryAllocation(byteCount: min(longestPiece, wanted - received), alignment: 1) {
            let result = recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
            let isRight = result <= 0 || pattern.matches(UnsafeRawBufferPointer(rebasing: $0[..<result]), at: received)
            return isRight ? result : nil
        }
        guard let result else { throw .wrong(at: received) }
        guard result >= 0 else { return try failUnlessAgain() }
        guard result > 0 else { throw .broken(nil, sent: sent, received: received) }
        received += result
        guard received <= sent else { throw .tooMuch(received: received) }
    }

    private func failUnlessAgain() throws(Failure) {
        let error = SystemError.current
        guard error == .again else { throw .broken(error, sent: sent, received: received) }
    }
}
