import EddySystem
import Glibc

/// Two connected sockets that are closed with the object. Calls on the far one do not block.
package final class SocketPair {
    package let near: Int32
    package private(set) var far: Int32

    package init() throws {
        var pair: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0 else { throw SystemError.current }
        (near, far) = (pair[0], pair[1])
        _ = fcntl(far, F_SETFL, O_NONBLOCK)
    }

    deinit {
        Socket.close(near)
        closeFar()
    }

    package func write(_ bytes: [UInt8]) {
        precondition(Glibc.write(far, bytes, bytes.count) == bytes.count)
    }

    /// All bytes waiting at the far side.
    package func readFar() -> [UInt8] {
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65536)
        while case let count = read(far, &piece, piece.count), count > 0 { all += piece[..<count] }
        return all
    }

    package func closeFar() {
        guard far >= 0 else { return }
        // A process that another test is starting may hold a copy of the descriptor for a moment.
        shutdown(far, Int32(SHUT_RDWR))
        Socket.close(far)
        far = -1
    }
}
