import EddySimulation
import EddySystem
import Foundation
import Synchronization

/// The other end of a connection, which does not use Eddy: blocking calls on a plain socket.
///
/// A call fails after a time that no test should need, so that nothing hangs.
final class Peer: Sendable {
    /// The stream ended before all bytes had arrived.
    struct Ended: Error { var received: Int }

    private let descriptor: Int32
    private let isOpen = Mutex(true)

    /// Takes over a connected socket.
    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var patience = timeval(tv_sec: 40, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
    }

    deinit { close() }

    /// The error that has broken the connection, if any.
    var pendingError: SystemError? {
        var (code, size) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        return code == 0 ? nil : SystemError(code)
    }

    var localAddress: SocketAddress? { Socket.localAddress(of: descriptor) }

    /// Connects; with a small receive buffer for a slow peer.
    static func connect(to address: SocketAddress, receiveBuffer: Int32? = nil) async throws -> Peer {
        try await blocking {
            let descriptor = try Socket.openStream(for: address)
            let peer = Peer(descriptor)
            if var receiveBuffer {
                setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
            }
            try address.withSystemAddress { pointer, length throws(SystemError) in
                let address = pointer.assumingMemoryBound(to: sockaddr.self)
                guard Glibc.connect(descriptor, address, socklen_t(length)) == 0 else { throw .current }
            }
            return peer
        }
    }

    func send(_ bytes: [UInt8]) async throws {
        try await blocking { [self] in try sendAll(bytes[...]) }
    }

    /// Sends all the bytes in pieces of random length.
    func send(_ bytes: [UInt8], inPiecesUpTo longest: Int, seed: UInt64) async throws {
        try await blocking { [self] in
            var generator = SeededGenerator(seed: seed)
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...longest, using: &generator))
                try sendAll(piece)
                rest = rest.dropFirst(piece.count)
            }
        }
    }

    /// Sends a few bytes every few milliseconds until the connection breaks.
    ///
    /// - Returns: the longest pause between two of them.
    func trickle() async throws -> Duration {
        try await blocking { [self] in
            var (last, longest) = (ContinuousClock.now, Duration.zero)
            while (try? sendAll([1, 2, 3])) != nil {
                usleep(2000)
                longest = max(longest, .now - last)
                last = .now
            }
            return longest
        }
    }

    private func sendAll(_ bytes: ArraySlice<UInt8>) throws {
        try bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
                let result = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                guard result > 0 || errno == EINTR else { throw SystemError.current }
                sent += max(0, result)
            }
        }
    }

    /// Sends bytes of the pattern that counts up modulo 251 until the other side has taken none for a while.
    ///
    /// - Returns: how many of them the other side's system has acknowledged.
    func fill() async throws -> Int {
        try await blocking { [self] in
            var (sent, idle) = (0, 0)
            while idle < 40 {
                let piece = Array(Self.counting[(sent % 251)...].prefix(64 << 10))
                let result = Glibc.send(descriptor, piece, piece.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                guard result >= 0 || errno == EAGAIN || errno == EINTR else { throw SystemError.current }
                sent += max(0, result)
                idle = result > 0 ? 0 : idle + 1
                if result <= 0 { usleep(10_000) }
            }
            return sent - (Socket.unacknowledgedBytes(descriptor) ?? 0)
        }
    }

    /// Bytes that count up modulo 251, from 0 on.
    static let counting = (0..<(64 << 10) + 251).map { UInt8($0 % 251) }

    /// Sends one urgent byte after these.
    func sendUrgent(behind bytes: [UInt8], _ byte: UInt8) async throws {
        try await send(bytes)
        try await blocking { [self] in
            guard Glibc.send(descriptor, [byte], 1, Int32(MSG_OOB)) == 1 else { throw SystemError.current }
        }
    }

    /// Receives exactly `count` bytes.
    func receive(_ count: Int) async throws -> [UInt8] {
        let bytes = try await blocking { [self] in try receiveUpTo(count) }
        guard bytes.count == count else { throw Ended(received: bytes.count) }
        return bytes
    }

    /// Receives until the end of the stream.
    func receiveAll() async throws -> [UInt8] {
        try await blocking { [self] in try receiveUpTo(.max) }
    }

    /// Receives until the end of the stream or an error, and returns the error with the bytes before it; slowly, if
    /// `pause` is set, which is waited for before each receive. A timeout is not such an error: it is thrown.
    func receiveUntilBroken(pause: Duration = .zero) async throws -> (bytes: [UInt8], error: SystemError?) {
        try await blocking { [self] in
            var bytes: [UInt8] = []
            do {
                try receive(upTo: .max, into: &bytes, pause: pause)
                return (bytes, nil)
            } catch let error as SystemError where error != .again {
                return (bytes, error)
            }
        }
    }

    private func receiveUpTo(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try receive(upTo: count, into: &bytes)
        return bytes
    }

    private func receive(upTo count: Int, into bytes: inout [UInt8], pause: Duration = .zero) throws {
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < count {
            if pause > .zero { Thread.sleep(forTimeInterval: pause / .seconds(1)) }
            let result = recv(descriptor, &piece, min(piece.count, count - bytes.count), 0)
            guard result >= 0 || errno == EINTR else { throw SystemError.current }
            guard result != 0 else { return }
            bytes.append(contentsOf: piece[..<max(0, result)])
        }
    }

    /// Half-closes the connection to Eddy.
    func finish() { Socket.shutdownWrite(descriptor) }

    /// Resets the connection.
    func reset() {
        Socket.resetOnClose(descriptor)
        close()
    }

    func close() {
        isOpen.withLock { isOpen in
            if isOpen { Socket.close(descriptor) }
            isOpen = false
        }
    }
}
