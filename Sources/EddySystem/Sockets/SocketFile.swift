internal import CLiburing
internal import Glibc

// A Unix domain socket's file survives its server, and bind(2) refuses a path that exists:
//
//     bind ──▶ done
//       │ EADDRINUSE
//       ▼
//     file type ── not a socket ────────────────────────────────────▶ ENOTSOCK, untouched
//       │ a socket
//       ▼
//     connect to it ── accepted, or backlog full: server alive ────▶ EADDRINUSE, untouched
//       │ ECONNREFUSED: no listener
//       ▼
//     unlink, bind again
//
// Two servers that start concurrently must not remove each other's file between the check and the removal, and a server
// that has bound and not yet called listen must not be taken for dead. So a process holds a lock on the directory while
// it binds, listens or removes (flock(2)). The lock leaves no file.

/// The file of a Unix domain socket that this process has bound.
package final class SocketFile: Sendable {
    private let path: [CChar]
    /// The file itself (O_PATH, open(2)). While it is open its inode is not reused, so the inode identifies the file.
    private let descriptor: Int32

    private init(_ path: [CChar]) throws(SystemError) {
        self.path = path
        descriptor = unsafe open(path, EDDY_O_PATH | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .current }
    }

    deinit { close(descriptor) }

    /// Listens on a path, and replaces the file of a server that has ended.
    ///
    /// - Parameters:
    ///   - mode: the file's permissions; nil applies the process's umask. They are never wider, not even briefly.
    ///   - prepare: further changes to the file before any peer can connect. Its error is rethrown.
    /// - Returns: the file; nil for an address without a file.
    /// - Throws: `addressInUse` if a live server has the path; `notASocket` if another kind of file exists there;
    ///   otherwise the errors of bind(2), listen(2) and open(2). On failure no file is left.
    package static func listen(
        _ descriptor: Int32,
        on address: SocketAddress,
        backlog: Int32,
        mode: UInt32? = nil,
        prepare: (SocketFile) throws(SystemError) -> Void = { _ throws(SystemError) in }
    ) throws(SystemError) -> SocketFile? {
        guard let bytes = address.filePath else {
            try Socket.bind(descriptor, to: address)
            try Socket.listen(descriptor, backlog: backlog)
            return nil
        }
        let path = bytes.map { CChar(bitPattern: $0) } + [0]
        // The file gets the permissions of the socket's inode, less the umask, when it is created.
        if let mode, fchmod(descriptor, mode) != 0 { throw .current }
        return try DirectoryLock.hold(around: bytes) { () throws(SystemError) in
            do throws(SystemError) {
                try Socket.bind(descriptor, to: address)
            } catch {
                guard error == .addressInUse else { throw error }
                try removeDead(path, at: address)
                try Socket.bind(descriptor, to: address)
            }
            do throws(SystemError) {
                let file = try SocketFile(path)
                try prepare(file)
                // Set the mode after the owner, since chown(2) may clear bits. This also restores bits that the umask
                // cleared.
                if let mode { try file.setMode(mode) }
                try Socket.listen(descriptor, backlog: backlog)
                return file
            } catch {
                // This call created the file, so it belongs to no other process.
                unsafe _ = unlink(path)
                throw error
            }
        }
    }

    /// Sets the owner and group of the file; nil leaves one unchanged.
    ///
    /// - Throws: the errors of chown(2), such as `notPermitted`.
    package func setOwner(user: UInt32?, group: UInt32?) throws(SystemError) {
        guard unsafe fchownat(descriptor, "", user ?? .max, group ?? .max, Self.emptyPath) == 0 else { throw .current }
    }

    /// AT_EMPTY_PATH, which glibc declares for _GNU_SOURCE only.
    private static let emptyPath: Int32 = 0x1000

    private func setMode(_ mode: UInt32) throws(SystemError) {
        // fchmod(2) does not accept an O_PATH descriptor. Its link in /proc does, and always refers to this file.
        guard unsafe chmod("/proc/self/fd/\(descriptor)", mode) == 0 else { throw .current }
    }

    /// Removes the file, unless it has been replaced. A second call has no effect.
    package func remove() {
        let bytes = path.dropLast().map { UInt8(bitPattern: $0) }
        try? DirectoryLock.hold(around: bytes) { () throws(SystemError) in
            let there = try Self.status(of: path)
            var own = stat()
            guard unsafe fstat(descriptor, &own) == 0 else { throw .current }
            if own.st_dev == there.st_dev, own.st_ino == there.st_ino { unsafe _ = unlink(path) }
        }
    }

    private static func removeDead(_ path: [CChar], at address: SocketAddress) throws(SystemError) {
        guard try status(of: path).st_mode & S_IFMT == S_IFSOCK else { throw .notASocket }
        let probe = try Socket.openStream(for: address)
        defer { Socket.close(probe) }
        do {
            try Socket.connectAtOnce(probe, to: address)
        } catch {
            if error == .again { throw .addressInUse }
            guard error == .connectionRefused else { throw error }
            guard unsafe unlink(path) == 0 else { throw .current }
            return
        }
        throw .addressInUse
    }

    private static func status(of path: [CChar]) throws(SystemError) -> stat {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { throw .current }
        return status
    }
}

/// The lock of a file's directory.
private enum DirectoryLock {
    /// Holds the lock during `body`. If the directory cannot be opened, runs `body` without it: `body` will report the
    /// error.
    static func hold<Result>(
        around path: [UInt8],
        _ body: () throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        let descriptor = unsafe open(directory(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        if descriptor >= 0 { lock(descriptor) }
        return try body()
    }

    /// Other processes that use Eddy hold the lock for microseconds. If another program holds it for a second, proceed
    /// without it.
    private static func lock(_ descriptor: Int32) {
        for _ in 0..<1000 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
            usleep(1_000)
        }
    }

    private static func directory(of path: [UInt8]) -> String {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == 0 ? "/" : String(decoding: path[..<slash], as: UTF8.self)
    }
}
