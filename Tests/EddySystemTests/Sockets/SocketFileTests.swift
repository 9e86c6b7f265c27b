import EddySystem
import EddyTestSupport
import Foundation
import Testing

/// The files of Unix domain sockets.
@Suite("system: socket files")
struct SocketFileTests {
    private let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "eddy-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private var path: String { directory.appending(path: "s").path }
    private var address: SocketAddress { get throws { try SocketAddress(unixPath: path) } }

    private func open() throws -> (descriptor: Int32, file: SocketFile?) {
        let descriptor = try Socket.openStream(for: address)
        do {
            return (descriptor, try SocketFile.listen(descriptor, on: address, backlog: 1))
        } catch {
            Socket.close(descriptor)
            throw error
        }
    }

    /// Ends a listener as the end of its process does, even if a process that is being started still holds a copy.
    private func die(_ listener: Int32) {
        shutdown(listener, Int32(SHUT_RDWR))
        Socket.close(listener)
    }

    private func error(_ body: () throws -> Void) -> SystemError? {
        do {
            try body()
            return nil
        } catch {
            return error as? SystemError
        }
    }

    @Test("Binding creates the file; removal deletes it and may be called twice")
    func lifetime() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let (descriptor, file) = try open()
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(Socket.localAddress(of: descriptor) == (try address))
        file?.remove()
        #expect(!FileManager.default.fileExists(atPath: path))
        file?.remove()
        Socket.close(descriptor)
    }

    @Test("A dead server's file is replaced, and its late removal leaves the new one alone")
    func dead() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let (dead, deadFile) = try open()
        die(dead)
        let (living, file) = try open()
        deadFile?.remove()
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(error { _ = try open() } == .addressInUse)
        file?.remove()
        Socket.close(living)
    }

    @Test("A live server's file is left alone, even when its backlog is full")
    func living() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let (descriptor, _) = try open()
        defer { Socket.close(descriptor) }
        var clients: [Int32] = []
        defer { for client in clients { Socket.close(client) } }
        for _ in 0..<8 {
            #expect(error { _ = try open() } == .addressInUse)
            let client = try Socket.openStream(for: address)
            clients.append(client)
            try? Socket.connectAtOnce(client, to: address)
        }
        #expect(error { try Socket.connectAtOnce(Socket.openStream(for: address), to: address) } == .again)
        #expect(error { _ = try open() } == .addressInUse)
    }

    @Test("A file that is not a socket is left alone")
    func otherFile() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
        #expect(error { _ = try open() } == .notASocket)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("precious".utf8))
    }

    @Test("Without a descriptor for the file, binding fails and leaves no file behind")
    func noDescriptors() async {
        await #expect(processExitsWith: .success) {
            let tests = try SocketFileTests()
            defer { try? FileManager.default.removeItem(at: tests.directory) }
            let address = try tests.address
            let descriptor = try Socket.openStream(for: address)
            let failed = withoutDescriptors {
                Result { () throws(SystemError) in try SocketFile.listen(descriptor, on: address, backlog: 1) }
            }
            #expect(throws: SystemError.tooManyOpenFiles) { _ = try failed.get() }
            #expect(!FileManager.default.fileExists(atPath: tests.path))
        }
    }

    @Test(
        "The file has the requested mode, regardless of the umask",
        arguments: [0o600, 0o660, 0o666, 0] as [UInt32]
    )
    func mode(mode: UInt32) async {
        await #expect(processExitsWith: .success) { [mode] in
            let tests = try SocketFileTests()
            defer { try? FileManager.default.removeItem(at: tests.directory) }
            for mask in [0o000, 0o022, 0o077, 0o777] as [mode_t] {
                umask(mask)
                let address = try SocketAddress(unixPath: tests.path)
                let descriptor = try Socket.openStream(for: address)
                var modesBefore: [UInt32] = []
                let file = try SocketFile.listen(descriptor, on: address, backlog: 1, mode: mode) { _ in
                    modesBefore.append(tests.mode)
                }
                #expect(tests.mode == mode)
                // Nor was it more permissive before.
                #expect(modesBefore == [mode & ~mask])
                file?.remove()
                Socket.close(descriptor)
            }
        }
    }

    /// The permissions of the file.
    private var mode: UInt32 {
        var facts = stat()
        return lstat(path, &facts) == 0 ? facts.st_mode & 0o7777 : .max
    }

    @Test("A file that cannot be prepared is removed")
    func unprepared() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let descriptor = try Socket.openStream(for: address)
        defer { Socket.close(descriptor) }
        #expect(throws: SystemError.notPermitted) {
            _ = try SocketFile.listen(descriptor, on: address, backlog: 1, mode: 0o600) { _ throws(SystemError) in
                throw .notPermitted
            }
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("Binding in a missing directory fails")
    func noDirectory() throws {
        try FileManager.default.removeItem(at: directory)
        #expect(error { _ = try open() } == .noSuchFile)
    }

    @Test("When many servers start at once over a dead one's file, one wins and the others are refused")
    func contest() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        for _ in 0..<20 {
            let (dead, _) = try open()
            die(dead)
            let winners = await withTaskGroup(of: Int32?.self) { tasks in
                for _ in 0..<4 { tasks.addTask { try? open().descriptor } }
                return await tasks.reduce(into: [Int32]()) { if let descriptor = $1 { $0.append(descriptor) } }
            }
            for winner in winners { Socket.close(winner) }
            #expect(winners.count == 1)
            unlink(path)
        }
    }
}
