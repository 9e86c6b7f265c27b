import EddySystem
import EddyTestSupport
import Glibc

/// A peer that is a system socket. It does not block; long operations run on a thread.
final class SystemFarEnd: FarEnd {
    private var descriptor: Int32
    private var writer: Background<Void>?
    private var reader: Background<[UInt8]>?

    /// Starts to connect without waiting.
    init(connectingTo address: SocketAddress) throws {
        descriptor = try Socket.openStream(for: address)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        address.withSystemAddress { pointer, length in
            _ = Glibc.connect(descriptor, pointer.assumingMemoryBound(to: sockaddr.self), socklen_t(length))
        }
    }

    deinit { close() }

    func write(_ bytes: [UInt8]) {
        writer?.join()
        let sent = Self.send(bytes[...], to: descriptor)
        guard sent < bytes.count else { return }
        writer = Background { [descriptor] in
            var rest = bytes[sent...]
            while !rest.isEmpty {
                let more = Self.send(rest, to: descriptor)
                guard more > 0 || errno == EAGAIN else { return }
                if more > 0 { rest = rest.dropFirst(more) } else { usleep(100) }
            }
        }
    }

    private static func send(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int {
        bytes.withUnsafeBytes { max(0, Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))) }
    }

    /// Sends a byte that is not part of the stream (tcp(7), urgent data).
    func writeUrgent(_ byte: UInt8) {
        var byte = byte
        _ = Glibc.send(descriptor, &byte, 1, Int32(MSG_OOB))
    }

    func startReading(_ count: Int) {
        reader = Background { [descriptor] in
            var all = [UInt8](repeating: 0, count: count)
            var received = 0
            while received < count {
                let result = all.withUnsafeMutableBytes {
                    recv(descriptor, $0.baseAddress! + received, count - received, 0)
                }
                if result == 0 { break }
                if result > 0 { received += result } else if errno == EAGAIN { usleep(100) } else { break }
            }
            return Array(all[..<received])
        }
    }

    func received() -> [UInt8] { reader?.join() ?? [] }

    func close() {
        writer?.join()
        _ = reader?.join()
        if descriptor >= 0 { Socket.close(descriptor) }
        descriptor = -1
    }

    func reset() {
        Socket.resetOnClose(descriptor)
        close()
    }
}
