import Eddy
import EddySystem
import Foundation
import Testing

@testable import Eddy

/// Sending files to sockets.
@Suite("connections: files", .serialized, .timeLimit(.minutes(5)))
struct SendingFilesTests {
    /// Runs `body` with the path of a file that contains the bytes.
    private func withFile<Success>(_ bytes: [UInt8], _ body: (String) async throws -> Success) async throws -> Success {
        let url = FileManager.default.temporaryDirectory.appending(path: "eddy-\(UUID().uuidString)")
        try Data(bytes).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        return try await body(url.path)
    }

    @Test(
        "Whole files and ranges of them are sent between other writes",
        arguments: FeatureSet.allCases,
        [0, 1, 65_536, 1_500_001]
    )
    func parts(set: FeatureSet, size: Int) async throws {
        let bytes = randomBytes(size)
        let part = (size / 3)..<(size - size / 3)
        try await withFile(bytes) { path in
            let handler: TCPServer.Handler = { connection in
                try await connection.write("[")
                try await connection.sendFile(path)
                try await connection.write("|")
                try await connection.sendFile(path, range: part)
                let descriptor = try RegularFile.open(path)
                defer { RegularFile.close(descriptor) }
                try await connection.sendFile(descriptor, range: size..<size)
                try await connection.sendFile(descriptor, range: part)
                try await connection.write("]")
            }
            try await withServer(set, configuration: .patient, handler: handler) { server in
                let peer = try await Peer.connect(to: server.address)
                let expected = Array("[".utf8) + bytes + Array("|".utf8) + bytes[part] + bytes[part] + Array("]".utf8)
                #expect(difference(try await peer.receiveAll(), from: expected) == nil)
            }
        }
    }

    @Test("The writing side sends files by path and open files")
    func writingSide() async throws {
        let bytes = randomBytes(10_000)
        try await withFile(bytes) { path in
            let handler: TCPServer.Handler = { connection in
                try await connection.concurrently { _ in
                } writing: { writer in
                    try await writer.sendFile(path)
                    let descriptor = try RegularFile.open(path)
                    defer { RegularFile.close(descriptor) }
                    try await writer.sendFile(descriptor, range: 5000..<6000)
                }
            }
            try await withServer(handler: handler) { server in
                let peer = try await Peer.connect(to: server.address)
                #expect(try await peer.receiveAll() == bytes + bytes[5000..<6000])
            }
        }
    }

    @Test("Files of unknown size are sent to their ends", arguments: FeatureSet.allCases)
    func withoutSize(set: FeatureSet) async throws {
        // Files without a size, and one with a size that is too large.
        let paths = ["/proc/version", "/proc/self/limits", "/sys/kernel/mm/transparent_hugepage/enabled"]
            .filter { FileManager.default.isReadableFile(atPath: $0) }
        #expect(paths.count >= 2)
        let sending: TCPServer.Handler = { connection in
            for path in paths { try await connection.sendFile(path) }
        }
        try await withServer(set, handler: sending) { server in
            let peer = try await Peer.connect(to: server.address)
            let expected = try paths.flatMap { try Data(contentsOf: URL(fileURLWithPath: $0)) }
            #expect(try await peer.receiveAll() == Array(expected))
        }
    }

    @Test("A missing, unreadable or too short file is reported before anything is sent")
    func notReadable() async throws {
        let errors = Channel<ConnectionError?>()
        let pipe = FileManager.default.temporaryDirectory.appending(path: "eddy-\(UUID().uuidString)").path
        mkfifo(pipe, 0o600)
        defer { unlink(pipe) }
        try await withFile(randomBytes(100)) { path in
            let handler: TCPServer.Handler = { connection in
                for (path, range) in [("/nowhere/at/all", 0..<1), ("/tmp", 0..<1), (pipe, 0..<1), (path, 50..<101)] {
                    do throws(ConnectionError) {
                        try await connection.sendFile(path, range: range)
                        errors.send(nil)
                    } catch { errors.send(error) }
                }
                try await connection.write("nothing")
            }
            try await withServer(handler: handler) { server in
                let peer = try await Peer.connect(to: server.address)
                #expect(try await errors.next() == .file(SystemError(ENOENT)))
                #expect(try await errors.next() == .file(SystemError(EISDIR)))
                #expect(try await errors.next() == .file(.invalidArgument))
                #expect(try await errors.next() == .fileTooShort(size: 100, sent: 0))
                #expect(try await peer.receiveAll() == Array("nothing".utf8))
            }
        }
    }

    /// What happens to a transfer whose peer does not receive.
    enum Fault: CaseIterable { case truncated, cancelled, reset, shutDown, slowPeer }

    @Test("Sending to a peer that does not receive is bounded, and faults are reported", arguments: Fault.allCases)
    func inTheMiddle(fault: Fault) async throws {
        let size = 16 << 20
        let (high, chunk) = (256 << 10, 256 << 10)
        let (stalled, errors) = (Channel<Int>(), Channel<ConnectionError?>())
        let handlerTask = Channel<Void>()
        try await withFile([UInt8](repeating: 9, count: size)) { path in
            let handler: TCPServer.Handler = { connection in
                let (loop, id) = (connection.eventLoop, connection.id)
                connection.setWatermarks(low: 64 << 10, high: high)
                try connection.set(.sendBufferSize(256 << 10))
                let watcher = Task(executorPreference: loop) { @concurrent in
                    while !loop.driver.connections[id].sending.hasWriter {
                        try await loop.sleep(for: .milliseconds(1))
                    }
                    stalled.send(Int(loop.driver.connections[id].sending.queue.byteCount))
                    if fault == .cancelled {
                        try await handlerTask.next()
                        loop.cancel(id)
                    }
                }
                do throws(ConnectionError) {
                    try await connection.sendFile(path)
                    errors.send(nil)
                } catch { errors.send(error) }
                try await watcher.value
            }
            try await withServer(configuration: .patient, handler: handler) { server in
                let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
                #expect(try await stalled.next() <= high + chunk)
                switch fault {
                case .truncated:
                    truncate(path, 0)
                    let received = try await peer.receiveAll()
                    #expect(received.count < size)
                    #expect(try await errors.next() == .fileTooShort(size: received.count, sent: received.count))
                case .cancelled:
                    handlerTask.send(())
                    #expect(try await errors.next() == .cancelled)
                    let received = try await peer.receiveAll()
                    #expect(received.count > 0 && received.count < size)
                case .reset:
                    peer.reset()
                    #expect(try await errors.next() == .reset)
                case .shutDown:
                    server.shutDown(grace: .zero)
                    #expect(try await errors.next() == .shutDown)
                case .slowPeer:
                    #expect(try await peer.receiveAll().count == size)
                    #expect(try await errors.next() == nil)
                }
                peer.close()
            }
        }
    }

    @Test("Zero-copy sends use the file's chunks", arguments: FeatureSet.allCases)
    func zeroCopy(set: FeatureSet) async throws {
        var configuration = EventLoop.Configuration.patient
        configuration.zeroCopy = .always
        let bytes = randomBytes(2_000_003)
        try await withFile(bytes) { path in
            let handler: TCPServer.Handler = { try await $0.sendFile(path) }
            try await withServer(set, configuration: configuration, handler: handler) { server in
                let peer = try await Peer.connect(to: server.address)
                #expect(difference(try await peer.receiveAll(), from: bytes) == nil)
                try await eventually { await server.group.statistics().pool.slicesOut == 0 }
                #expect((await server.group.statistics().zeroCopySends > 0) == set.features.zeroCopySends)
            }
        }
    }
}
