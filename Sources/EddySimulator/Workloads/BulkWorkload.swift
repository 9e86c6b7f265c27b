import Eddy
import EddyBuffers
import EddySimulation

/// Peers that request or send large amounts of bytes.
struct BulkWorkload: Workload {
    let simulation: Simulation
    static let headSize = 24
    /// The largest write: `sendFile` uses a chunk for bulk transfers; other writes are shorter.
    static let largestWrite = 256 << 10

    init(_ simulation: Simulation) { self.simulation = simulation }

    func run() async {
        let simulation = simulation
        await simulation.serve { connection in
            try await simulation.handling(connection) { try await Self.answer(connection, simulation) }
        } while: {
            for _ in 0...(simulation.network.random.next() % 3) {
                let wantsFile = simulation.network.random.once(in: 3)
                let key = wantsFile ? PatternFile.pattern.key : simulation.network.random.next()
                let pattern = BytePattern(key: key)
                let wanted = simulation.network.random.magnitude(0...PatternFile.byteCount)
                let given = simulation.network.random.magnitude(0...300_000)
                let head = [key, UInt64(wanted), UInt64(given)].flatMap { number in
                    (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
                }
                _ = StreamPeer(
                    simulation,
                    head: head,
                    sending: given,
                    of: pattern,
                    receiving: wanted,
                    of: pattern
                )
            }
        }
    }

    /// The head contains the requested pattern, the number of requested bytes, and the number of bytes that follow. The
    /// reply is sent while the peer's bytes are read.
    private static func answer(_ connection: borrowing Connection, _ simulation: Simulation) async throws {
        guard let head = try await connection.read(exactly: headSize) else { return }
        let numbers = head.bytes.withUnsafeBytes { bytes in
            (0..<3).map { unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)) }
        }
        let (pattern, wanted, given) = (BytePattern(key: numbers[0]), Int(numbers[1]), Int(numbers[2]))
        let port = connection.remoteAddress?.port
        try await connection.concurrently { reader in
            var received = 0
            while let bytes = try await reader.read() {
                let place = received
                let wrong = bytes.bytes.withUnsafeBytes { unsafe pattern.firstDifference(in: $0, at: place) }
                if let wrong { simulation.network.fail("byte \(wrong) that a peer sent arrived with another value") }
                received += bytes.count
            }
            if received < given, !simulation.hasBroken(port) {
                simulation.network.fail(
                    "the stream of peer \(port ?? 0) ended after \(received) of \(given) bytes"
                )
            }
        } writing: { writer in
            if pattern.key == PatternFile.pattern.key {
                try await writer.sendFile(PatternFile.path, range: 0..<wanted)
                return try await writer.endWriting()
            }
            var sent = 0
            while sent < wanted {
                let end = min(wanted, sent + simulation.network.random.magnitude(1...70_000))
                let bytes = pattern.bytes(sent..<end)
                if simulation.network.random.once(in: 2) {
                    try await writer.write(Buffer.from(bytes))
                } else {
                    let shared = Buffer.from(bytes).share()
                    let middle = shared.count / 3
                    try await writer.write(contentsOf: [shared[..<middle], shared[middle...]])
                }
                sent = end
            }
            try await writer.endWriting()
        }
    }
}
