import Eddy
import Testing

@testable import CounterService

/// The service from outside: over its socket, with a client on Eddy.
@Suite(.timeLimit(.minutes(1)))
struct CounterServiceTests {
    @Test("Each request is answered with the count")
    func counts() async throws {
        try await withService { address in
            let answer = try await ask(address, "add 5\nget\nadd\nadd -2\nquit\n")
            #expect(answer == "5\n5\n6\n4\n")
        }
    }

    @Test("Connections share the count")
    func shares() async throws {
        try await withService { address in
            let first = try await ask(address, "add 5\nquit\n")
            let second = try await ask(address, "get\nquit\n")
            #expect(first == "5\n")
            #expect(second == "5\n")
        }
    }

    @Test("Requests are parsed wherever the network cuts them", arguments: [1, 2, 3, 7])
    func pieces(size: Int) async throws {
        try await withService { address in
            let answer = try await ask(address, "add 10\r\nget\nquit\n", inPiecesOf: size)
            #expect(answer == "10\n10\n")
        }
    }

    @Test("An invalid request is answered with an error, and the connection stays open")
    func noRequest() async throws {
        try await withService { address in
            let answer = try await ask(address, "add many\n\nget\nquit\n")
            let error = "error: write 'add N', 'get' or 'quit'\n"
            #expect(answer == error + error + "0\n")
        }
    }

    @Test("A client that half-closes without quitting gets its answers")
    func endOfStream() async throws {
        try await withService { address in
            let answer = try await ask(address, "add 3\n")
            #expect(answer == "3\n")
        }
    }

    @Test("An endless line resets its connection and no other")
    func endlessLine() async throws {
        try await withService { address in
            await #expect(throws: ConnectionError.reset) {
                try await ask(address, String(repeating: "a", count: 5000), finishes: false)
            }
            let answer = try await ask(address, "get\nquit\n")
            #expect(answer == "0\n")
        }
    }

    /// Runs a service during `body`.
    private func withService(_ body: (SocketAddress) async throws -> Void) async throws {
        let service = try CounterService(on: "127.0.0.1:0")
        try await withThrowingDiscardingTaskGroup { tasks in
            tasks.addTask { await service.run() }
            defer { service.shutDown() }
            try await body(service.address)
        }
    }

    /// Sends `text`, half-closes by default, and returns everything received.
    private func ask(
        _ address: SocketAddress,
        _ text: String,
        inPiecesOf size: Int = .max,
        finishes: Bool = true
    ) async throws -> String {
        let group = try EventLoopGroup(count: 1)
        defer { group.shutDown() }
        let loop = group.next()
        return try await loop.run {
            try await loop.connect(to: address) { connection in
                var rest = Substring(text)
                while !rest.isEmpty {
                    try await connection.write(String(rest.prefix(size)))
                    rest = rest.dropFirst(size)
                    // Lets the piece leave before the next one is written.
                    if !rest.isEmpty { try await loop.sleep(for: .milliseconds(1)) }
                }
                if finishes { try await connection.endWriting() }
                var answer = ""
                while let bytes = try await connection.read() { answer += String(decoding: bytes) }
                return answer
            }
        }
    }
}
