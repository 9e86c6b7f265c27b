internal import CLiburing
internal import Glibc

// A Unix domain socket's file stays when its server dies, and bind(2) refuses a path where there is a file:
//
//     bind ──▶ done
//       │ EADDRINUSE
//       ▼
//     what is there? ── no socket ───────────────────────────────▶ ENOTSOCK, untouched
//       │ a socket
//       ▼
//     connect to it ── taken, or its backlog is full: it lives ───▶ EADDRINUSE, untouched
//       │ ECONNREFUSED: nobody listens
//       ▼
//     unlink, bind again
//
// Two servers that start at the same time must not remove each other's file between the question and the removal, and
// one that has bound and does not listen yet must not be taken for dead. So whoever binds, listens or removes holds a
// lock on the directory meanwhile (flock(2)), which leaves nothing behind.

/// The file of a Unix domain socket that this process has bound.
package final class SocketFile: Sendable {
    private let path: [CChar]
    /// The file itself (O_PATH, open(2)). While it is open, no other file gets its inode, by which it is recognised.
    private let descriptor: Int32

    private init(_ path: [CChar]) throws(SystemError) {
        self.path = path
        descriptor = unsafe open(path, EDDY_O_PATH | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .current }
    }

    deinit { close(descriptor) }

    /// Listens on a path, in place of the file of a server that no longer lives.
    ///
    /// - Parameters:
    ///   - mode: the file's permissions; nil: as the process's umask has them. They are never wider, not even for a moment.
    ///   - prepare: what else is done to the file before any peer can connect. What it throws is thrown.
    /// - Returns: the file; nil for an address that has none.
    /// - Throws: `addressInUse` when a server lives there; `notASocket` when another kind of file is there; what
    ///   bind(2), listen(2) and open(2) throw otherwise. No file is left behind then.
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
        // The file gets the permissions of the socket's own inode, less the umask: so it has them from the start.
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
                // After the owner, whose change may clear bits. It gives back what the umask has taken.
                if let mode { try file.setMode(mode) }
                try Socket.listen(descriptor, backlog: backlog)
                return file
            } catch {
                // Bound just now: it is nobody else's file.
                unsafe _ = unlink(path)
                throw error
            }
        }
    }

    /// Gives the file to a user and a group; nil leaves one as it is.
    ///
    /// - Throws: what chown(2) throws, such as `notPermitted`.
    package func setOwner(user: UInt32?, group: UInt32?) throws(SystemError) {
        guard unsafe fchownat(descriptor, "", user ?? .max, group ?? .max, Self.emptyPath) == 0 else { throw .current }
    }

    /// AT_EMPTY_PATH, which glibc declares for _GNU_SOURCE only.
    private static let emptyPath: Int32 = 0x1000

    private func setMode(_ mode: UInt32) throws(SystemError) {
        // fchmod(2) takes no descriptor of this kind; its link does, and always leads to the very file.
        guard unsafe chmod("/proc/self/fd/\(descriptor)", mode) == 0 else { throw .current }
    }

    /// Removes the file, unless it is another one by now. A second call does nothing.
    package func remove() {
        let bytes = path.dropLast().map { UInt8(bitPattern: $0) }
        try? DirectoryLock.hold(around: bytes) { () throws(SystemError) in
            let there = try Self.facts(of: path)
            var own = stat()
            guard unsafe fstat(descriptor, &own) == 0 else { throw .current }
            if own.st_dev == there.st_dev, own.st_ino == there.st_ino { unsafe _ = unlink(path) }
        }
    }

    private static func removeDead(_ path: [CChar], at address: SocketAddress) throws(SystemError) {
        guard try facts(of: path).st_mode & S_IFMT == S_IFSOCK else { throw .notASocket }
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

    private static func facts(of path: [CChar]) throws(SystemError) -> stat {
        var facts = stat()
        guard unsafe lstat(path, &facts) == 0 else { throw .current }
        return facts
    }
}

/// The lock of the directory in which a file lies.
private enum DirectoryLock {
    /// Holds the lock for the time of `body`. Does without where the directory cannot be opened: `body` will say why.
    static func hold<Result>(
        around path: [UInt8],
        _ body: () throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        let descriptor = unsafe open(directory(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        if descriptor >= 0 { lock(descriptor) }
        return try body()
    }

    /// Others of Eddy's hold the lock for microseconds. Whoever holds it longer is a stranger and is not waited for.
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
