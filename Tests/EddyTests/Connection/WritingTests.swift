import Eddy
import EddyBuffers
import Testing

@testable import Eddy

/// All forms in which bytes can be written.
@Suite("connections: writing", .serialized, .timeLimit(.minutes(5)))
struct WritingTests {
    @Test("Bytes of every form arrive in order", arguments: FeatureSet.allCases)
    func forms(set: FeatureSet) async throws {
        let long = randomBytes(100_000)
        let handler: TCPServer.Handler = { connection in
            let shared = Buffer.from(copying: long.span).share()
            try await connection.write("text,")
            try await connection.write(copying: Array("span,".utf8).span)
            try await connection.write(copying: Array("raw,".utf8).span.bytes)
            try await connection.write(Buffer.from("header,"), Buffer.from("body,"))
            try await connection.write(Buffer.from("small,").share())
            try await connection.write(SharedBuffer())
            try await connection.write(contentsOf: [shared, Buffer.from("between").share(), shared])
            try await connection.write(contentsOf: [SharedBuffer]())
            try await connection.write(shared[10..<99_000])
        }
        try await withServer(set, configuration: .patient, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            let expected =
                Array("text,span,raw,header,body,small,".utf8) + long + Array("between".utf8) + long
                + Array(long[10..<99_000])
            #expect(difference(try await peer.receiveAll(), from: expected) == nil)
        }
    }

    @Test("Writes more pieces at once than one vectored send takes", arguments: FeatureSet.allCases)
    func manyPieces(set: FeatureSet) async throws {
        let pieces = (0..<1000).map { randomBytes(300 + $0, seed: UInt64($0)) }
        let handler: TCPServer.Handler = { connection in
            try await connection.write(contentsOf: pieces.lazy.map { Buffer.from(copying: $0.span).share() })
        }
        try await withServer(set, configuration: .patient, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            #expect(difference(try await peer.receiveAll(), from: pieces.flatMap { $0 }) == nil)
        }
    }

    @Test("Shared bytes are sent to many without a copy, and are not overwritten meanwhile")
    func sharedWithoutCopy() async throws {
        let bytes = randomBytes(300_000)
        let slices = Channel<(UInt, UInt)>()
        let handler: TCPServer.Handler = { connection in
            let (loop, id) = (connection.eventLoop, connection.id)
            guard try await connection.read() != nil else { return }
            var shared = Buffer.from(copying: bytes.span).share()
            let start = shared.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
            try await connection.write(shared)
            if let first = loop.driver.slices.first(of: loop.driver.connections[id].sending.queue) {
                slices.send((UInt(bitPattern: first.start), start))
            }
            // The send retains the memory, so a writer gets a copy.
            let taken = shared.takeIfUnique()
            let wasTaken = taken != nil
            #expect(!wasTaken)
            var own = shared.unshare()
            own.fill(0)
        }
        try await withServer(configuration: .patient, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            try await peer.send([1])
            let (queued, start) = try await slices.next()
            #expect(queued == start)
            #expect(difference(try await peer.receiveAll(), from: bytes) == nil)
        }
    }

    @Test("Shared bytes of another thread's pool are returned to it")
    func foreignMemory() async throws {
        let bytes = randomBytes(10_000)
        let (buffers, gate) = (Channel<SharedBuffer>(), Gate())
        async let slicesOut = blocking {
            let pool = BufferPool.current
            buffers.send(Buffer.from(copying: bytes.span).share())
            gate.waitBlocking()
            pool.drainRemoteFrees()
            return pool.statistics.slicesOut
        }
        let shared = try await buffers.next()
        let handler: TCPServer.Handler = { [shared] connection in try await connection.write(shared) }
        try await withServer(configuration: .patient, handler: handler) { server in
            for _ in 0..<3 {
                let peer = try await Peer.connect(to: server.address)
                #expect(difference(try await peer.receiveAll(), from: bytes) == nil)
            }
        }
        gate.open()
        // One slice is still held here.
        #expect(try await slicesOut <= 1)
        #expect(shared.count == bytes.count)
    }

    /// Takes seconds: `EDDY_HEAVY=1`.
    @Test(
        "A write of more than the system takes at once arrives",
        .enabled(if: Soak.isHeavy),
        arguments: [false, true]
    )
    func moreThanASend(isOneBuffer: Bool) async throws {
        let total = isOneBuffer ? Int(Int32.max) : 40 * 64 << 20
        let handler: TCPServer.Handler = { connection in
            if isOneBuffer { return try await connection.write(Buffer.alloc(total)) }
            let piece = Buffer.alloc(64 << 20).share()
            try await connection.write(contentsOf: Array(repeating: piece, count: 40))
        }
        try await withServer(configuration: .patient, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(try await peer.receiveAll().count == total)
        }
    }

    @Test("Each connection may have its own watermarks", arguments: FeatureSet.allCases)
    func watermarks(set: FeatureSet) async throws {
        let (full, after) = (Channel<Int>(), Channel<Int>())
        let handler: TCPServer.Handler = { connection in
            connection.setWatermarks(low: 10_000, high: 50_000)
            let piece = randomBytes(20_000)
            while true {
                let mustWait = Int(connection.queuedBytes) + piece.count > 50_000
                if mustWait { full.send(Int(connection.queuedBytes)) }
                try await connection.write(piece)
                if mustWait { break }
            }
            after.send(Int(connection.queuedBytes))
        }
        try await withServer(set, configuration: .patient, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            #expect(try await full.next() <= 50_000)
            _ = try await peer.receiveAll()
            #expect(try await after.next() <= 10_000)
        }
    }
}
