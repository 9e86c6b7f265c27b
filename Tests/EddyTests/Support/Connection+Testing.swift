import Eddy
import EddyBuffers

@testable import Eddy

extension Connection {
    /// Reads until `count` bytes have arrived or the peer has ended the stream.
    func gather(_ count: Int) async throws -> [UInt8] {
        var gathered: [UInt8] = []
        while gathered.count < count, let bytes = try await read() { gathered.append(contentsOf: Array(bytes)) }
        return gathered
    }

    /// Sends the bytes in pieces, and waits each time until as many have been echoed. Returns the echoed bytes.
    func exchange(_ bytes: [UInt8], piece: Int = 64 << 10) async throws -> [UInt8] {
        var received: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            try await write(Array(bytes[start..<min(start + piece, bytes.count)]))
            received += try await gather(min(piece, bytes.count - start))
        }
        return received
    }

    /// Writes the bytes and ends writing, while it reads to the end of the stream. Returns the bytes read.
    func sendAndGather(_ bytes: [UInt8]) async throws -> [UInt8] {
        let received = Channel<[UInt8]>()
        try await concurrently { reader in
            var gathered: [UInt8] = []
            while let piece = try await reader.read() { gathered += Array(piece) }
            received.send(gathered)
        } writing: { writer in
            try await writer.write(copying: bytes.span)
            try await writer.endWriting()
        }
        return try await received.next()
    }

    /// Writes a copy of the bytes.
    func write(_ bytes: [UInt8]) async throws(ConnectionError) {
        try await write(Buffer.from(copying: bytes.span))
    }

    /// Reads, and returns whether it was the end of the stream.
    func isAtEnd() async throws(ConnectionError) -> Bool {
        guard let bytes = try await read() else { return true }
        return bytes.isEmpty
    }

    /// The bytes until the end of the stream or an error, and the error.
    func readUntilBroken() async -> (bytes: [UInt8], error: ConnectionError?) {
        var bytes: [UInt8] = []
        do throws(ConnectionError) {
            while let piece = try await read() { bytes += Array(piece) }
        } catch {
            return (bytes, error)
        }
        return (bytes, nil)
    }

    func errorOfReading() async -> ConnectionError? {
        do { _ = try await read() } catch { return error }
        return nil
    }

    func errorOfWriting(_ text: String) async -> ConnectionError? {
        do { try await write(text) } catch { return error }
        return nil
    }

    func errorOfEndingWriting() async -> ConnectionError? {
        do { try await endWriting() } catch { return error }
        return nil
    }

    /// Bytes that wait to be sent.
    var queuedBytes: UInt32 { eventLoop.driver.connections[id].sending.queue.byteCount }

    /// Whether a read would have to wait.
    var hasReadEverything: Bool { eventLoop.driver.connections[id].receiving.queue.isEmpty }
}
