import EddyRing
import Glibc

/// A listening socket on a port that the system chose.
final class LoopbackListener {
    let descriptor: Int32
    let address: SocketAddress

    init(backlog: Int32 = 128) throws {
        descriptor = try Socket.openStream(for: .loopback(port: 0))
        try Socket.bind(descriptor, to: .loopback(port: 0))
        try Socket.listen(descriptor, backlog: backlog)
        guard let address = Socket.localAddress(of: descriptor) else { throw SystemError.current }
        self.address = address
    }

    deinit { Socket.close(descriptor) }

    /// A client's socket that connects, without waiting for it.
    func connect() throws -> Int32 {
        let client = try Socket.openStream(for: address)
        _ = fcntl(client, F_SETFL, O_NONBLOCK)
        address.withSystemAddress { pointer, length in
            _ = Glibc.connect(client, pointer.assumingMemoryBound(to: sockaddr.self), socklen_t(length))
        }
        return client
    }
}

/// Two connected TCP sockets. Calls on the far one do not block.
final class TCPPair {
    let near: Int32
    private(set) var far: Int32

    init() throws {
        let listener = try LoopbackListener()
        far = try listener.connect()
        near = accept(listener.descriptor, nil, nil)
        guard near >= 0 else { throw SystemError.current }
    }

    deinit {
        Socket.close(near)
        closeFar()
    }

    /// Writes all the bytes, waiting for room.
    func write(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(far, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { sent += count } else { usleep(100) }
        }
    }

    /// Reads `count` bytes at the far side, waiting for them; fewer only at the end.
    func readFar(_ count: Int) -> [UInt8] {
        var all = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            let result = all.withUnsafeMutableBytes { recv(far, $0.baseAddress! + received, count - received, 0) }
            if result == 0 { break }
            if result > 0 { received += result } else if errno == EAGAIN { usleep(100) } else { break }
        }
        return Array(all[..<received])
    }

    func closeFar() {
        if far >= 0 { Socket.close(far) }
        far = -1
    }

    func resetFar() {
        Socket.resetOnClose(far)
        closeFar()
    }
}
