import Eddy
import Testing

/// The bytes of one direction arrive in order, complete, and once.
@Suite("connections: the bytes", .serialized, .timeLimit(.minutes(5)))
struct EchoTests {
    @Test("Bytes in random pieces are echoed unchanged", arguments: FeatureSet.allCases)
    func randomPieces(set: FeatureSet) async throws {
        let statistics = try await withServer(set) { server in
            let peer = try await Peer.connect(to: server.address)
            let sent = randomBytes(512 << 10)
            async let received = peer.receive(sent.count)
            try await peer.send(sent, inPiecesUpTo: 5000, seed: 7)
            #expect(difference(try await received, from: sent) == nil)
            peer.close()
        }
        #expect(statistics.bytesReceived == 512 << 10)
        #expect(statistics.bytesSent == 512 << 10)
    }

    @Test("Many megabytes at once are echoed unchanged", arguments: FeatureSet.allCases)
    func bulk(set: FeatureSet) async throws {
        try await withServer(set) { server in
            let peer = try await Peer.connect(to: server.address)
            let sent = randomBytes(8 << 20)
            async let received = peer.receiveAll()
            try await peer.send(sent)
            peer.finish()
            #expect(difference(try await received, from: sent) == nil)
        }
    }

    @Test("Twenty connections on two loops do not disturb each other", arguments: FeatureSet.allCases)
    func crowd(set: FeatureSet) async throws {
        try await withServer(set, loops: 2) { server in
            try await withThrowingTaskGroup { tasks in
                for number in 0..<20 {
                    tasks.addTask {
                        let peer = try await Peer.connect(to: server.address)
                        let sent = randomBytes(64 << 10, seed: UInt64(number) + 1)
                        async let received = peer.receiveAll()
                        try await peer.send(sent, inPiecesUpTo: 9000, seed: UInt64(number))
                        peer.finish()
                        #expect(difference(try await received, from: sent) == nil)
                    }
                }
                try await tasks.waitForAll()
            }
        }
    }

    @Test("Bytes written in many small pieces arrive in order", arguments: FeatureSet.allCases)
    func manyPieces(set: FeatureSet) async throws {
        let sent = randomBytes(100_000)
        // More pieces than one sendmsg(2) takes, with sizes that are not multiples of any buffer size.
        let handler: TCPServer.Handler = { connection in
            var rest = sent[...]
            var size = 1
            while !rest.isEmpty {
                try await connection.write(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
                size = size % 701 + 1
            }
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(difference(try await peer.receiveAll(), from: sent) == nil)
        }
    }

    @Test("Received slices may be split, held and written later", arguments: FeatureSet.allCases)
    func splitting(set: FeatureSet) async throws {
        let handler: TCPServer.Handler = { connection in
            while var bytes = try await connection.read() {
                // The halves are adjacent: the queue joins them, or sends them one by one.
                let first = bytes.splitFirst(bytes.count / 2)
                if !first.isEmpty { try await connection.write(first) }
                await Task.yield()
                try await connection.write(bytes)
            }
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            let sent = randomBytes(300_000)
            async let received = peer.receiveAll()
            try await peer.send(sent, inPiecesUpTo: 3000, seed: 3)
            peer.finish()
            #expect(difference(try await received, from: sent) == nil)
        }
    }

    @Test("An empty write sends nothing and is harmless")
    func emptyWrite() async throws {
        let handler: TCPServer.Handler = { connection in
            try await connection.write(Buffer())
            try await connection.write("")
            try await connection.write("x")
        }
        try await withServer(handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(try await peer.receiveAll() == Array("x".utf8))
        }
    }
}
