import Foundation

/// An open file of the test's own, closed with its last reference.
final class FileDescriptor: Sendable {
    let number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    /// A pipe: what is written to the second comes out of the first.
    static func pipe() throws -> (FileDescriptor, FileDescriptor) {
        var ends: [Int32] = [0, 0]
        guard Foundation.pipe(&ends) == 0 else { throw SystemFailure("cannot make a pipe") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        return (FileDescriptor(ends[0]), FileDescriptor(ends[1]))
    }

    /// Two connected sockets.
    static func socketPair() throws -> (FileDescriptor, FileDescriptor) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw SystemFailure("cannot make a pair of sockets") }
        return (FileDescriptor(ends[0]), FileDescriptor(ends[1]))
    }

    /// Blocks until there is something to read. Empty at the end.
    func read() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        var count: Int
        repeat {
            count = Foundation.read(number, &bytes, bytes.count)
        } while count < 0 && errno == EINTR
        return Array(bytes.prefix(max(count, 0)))
    }

    /// Writes to a socket. Bytes that its other end no longer takes are dropped.
    func write(_ text: String) {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes {
                send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 || errno == EINTR else { return }
            start += max(count, 0)
        }
    }
}
