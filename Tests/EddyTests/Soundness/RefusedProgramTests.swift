import Testing

/// Programs that would misuse memory without a single `unsafe`: the compiler rejects them.
///
/// Each differs in one place from a program that compiles, so it is rejected because of that place and nothing else.
@Suite(
    "soundness: programs that do not compile",
    .enabled(if: SwiftCompiler.path != nil, "swiftc is neither on the path nor next to the Swift runtime library"),
    .serialized,
    .timeLimit(.minutes(5))
)
struct RefusedProgramTests {
    struct Program: Sendable, CustomTestStringConvertible {
        let name: String
        /// The program, with `#` marking the place.
        let text: String
        let sound: String
        let unsound: String
        /// A part of the compiler's error.
        let error: String

        var testDescription: String { name }
    }

    @Test("The compiler rejects the unsound variant and accepts the sound one", arguments: programs)
    func refused(program: Program) async throws {
        let sound = try await SwiftCompiler.compile(program.text.replacing("#", with: program.sound))
        #expect(sound.isCompiled, "\(sound.diagnostics)")
        let unsound = try await SwiftCompiler.compile(program.text.replacing("#", with: program.unsound))
        #expect(!unsound.isCompiled)
        #expect(unsound.diagnostics.contains("error: " + program.error), "\(unsound.diagnostics)")
    }

    private static let programs = [
        Program(
            name: "bytes are loaded as a type that only looks like an integer",
            text: """
                import Eddy

                func load<Integer: #>(_ buffer: borrowing Buffer) -> Integer { buffer.load(at: 0) }
                """,
            sound: "StandardInteger",
            unsound: "FixedWidthInteger & BitwiseCopyable",
            error: "instance method 'load(at:as:endianness:)' requires that 'Integer' conform to 'StandardInteger'"
        ),
        Program(
            name: "bytes are read as a type that only looks like an integer",
            text: """
                import Eddy

                func read<Integer: #>(_ buffer: borrowing Buffer) throws -> Integer {
                    var cursor = Cursor(buffer.bytes)
                    return try cursor.read()
                }
                """,
            sound: "StandardInteger",
            unsound: "FixedWidthInteger & BitwiseCopyable",
            error: "instance method 'read(_:endianness:)' requires that 'Integer' conform to 'StandardInteger'"
        ),
        Program(
            name: "withLocal waits while it has the value's address",
            text: """
                import Eddy

                enum Numbers: EventLoop.LocalKey {
                    static func makeValue(on loop: EventLoop) -> [Int] { [0] }
                }

                func pause() {}
                func pauseAsync() async {}

                func change(on loop: EventLoop) async {
                    loop.withLocal(Numbers.self) { numbers in
                        #
                        numbers[0] += 1
                    }
                }
                """,
            sound: "pause()",
            unsound: "await pauseAsync()",
            error: "cannot pass function of type"
        ),
        Program(
            name: "a value that is not Sendable leaves withLocal",
            text: """
                import Eddy

                final class Session {
                    var requests = 0
                }

                enum SessionKey: EventLoop.LocalKey {
                    static func makeValue(on loop: EventLoop) -> Session { Session() }
                }

                func look(on loop: EventLoop) {
                    _ = loop.withLocal(SessionKey.self) { session in # }
                }
                """,
            sound: "session.requests",
            unsound: "session",
            error: "type 'Session' does not conform to the 'Sendable' protocol"
        ),
        Program(
            name: "a value that is not Sendable is read from a loop",
            text: """
                import Eddy

                final class Session # {
                    let requests = 0
                }

                enum SessionKey: EventLoop.LocalKey {
                    static func makeValue(on loop: EventLoop) -> Session { Session() }
                }

                func requests(on loop: EventLoop) -> Int { loop.local[SessionKey.self].requests }
                """,
            sound: ": Sendable",
            unsound: "",
            error: "type 'Session' does not conform to the 'Sendable' protocol"
        ),
        // The idioms of the article CompilerErrors.
        Program(
            name: "an optional buffer is consumed twice",
            text: """
                import Eddy

                func printLine(of connection: borrowing Connection) async throws {
                    #
                }
                """,
            sound: """
                guard let line = try await connection.readLine(limit: 100) else { return }
                print(line.count, String(decoding: line))
                """,
            unsound: """
                let line = try await connection.readLine(limit: 100)
                print(line!.count, String(decoding: line!))
                """,
            error: "'line' used after consume"
        ),
        Program(
            name: "an optional buffer is mapped",
            text: """
                import Eddy

                func line(of connection: borrowing Connection) async throws -> String? {
                    #
                }
                """,
            sound: """
                guard let line = try await connection.readLine(limit: 100) else { return nil }
                return String(decoding: line)
                """,
            unsound: "try await connection.readLine(limit: 100).map { String(decoding: $0) }",
            error: "referencing instance method 'map' on 'Optional' requires that 'Buffer' conform to 'Copyable'"
        ),
        Program(
            name: "a read races a timeout in another task",
            text: """
                import Eddy

                func withTimeout<Success: Sendable>(
                    _ body: @escaping @Sendable () async throws -> Success
                ) async throws -> Success { try await body() }

                func count(of connection: borrowing Connection) async throws -> Int? {
                    try await #
                }
                """,
            sound: "connection.withReadDeadline(after: .seconds(1)) { try await connection.read()?.count }",
            unsound: "withTimeout { try await connection.read()?.count }",
            error: "capture of 'connection' with non-Sendable type 'Connection' in a '@Sendable' closure"
        ),
        Program(
            name: "a parser of readable connections lets one escape",
            text: """
                import Eddy

                func request(from connection: borrowing some ConnectionReading & ~Copyable) async throws -> Int? {
                    #
                }

                func serve(_ connection: borrowing Connection) async throws -> Int? { try await request(from: connection) }
                """,
            sound: "try await connection.readLine(limit: 100)?.count",
            unsound: "Task { _ = try await connection.read() }; return nil",
            error: "capture of non-Sendable type '(some ConnectionReading & ~Copyable).Type'"
        ),
        Program(
            name: "two tasks write to one connection",
            text: """
                import Eddy

                func answer(_ connection: borrowing Connection) async throws {
                    #
                }
                """,
            sound: "try await connection.write(\"first\")",
            unsound: "async let first: Void = connection.write(\"first\"); try await first",
            error: "sending 'connection' risks causing data races"
        ),
        Program(
            name: "a handler's connection is captured by another task",
            text: """
                import Eddy

                func serve(_ server: TCPServer) async {
                    _ = await server.run { connection in # }
                }
                """,
            sound: "try await connection.write(\"x\")",
            unsound: "Task { try await connection.write(\"x\") }",
            error: "passing closure as a 'sending' parameter risks causing data races"
        ),
        Program(
            name: "a handler's connection is captured by a task group",
            text: """
                import Eddy

                func serve(_ server: TCPServer) async {
                    _ = await server.run { connection in
                        await withTaskGroup(of: Void.self) { group in
                            #
                        }
                    }
                }
                """,
            sound: "group.addTask {}; try? await connection.write(\"x\")",
            unsound: "group.addTask { try? await connection.write(\"x\") }",
            error: "passing closure as a 'sending' parameter risks causing data races"
        ),
        Program(
            name: "a handler's connection is lent to an actor",
            text: """
                import Eddy

                # func greet(_ connection: borrowing Connection) async throws { try await connection.write("x") }

                func serve(_ server: TCPServer) async {
                    _ = await server.run { connection in try await greet(connection) }
                }
                """,
            sound: "",
            unsound: "@MainActor",
            error: "sending 'connection' risks causing data races"
        ),
        Program(
            name: "a client's connection is lent to an actor",
            text: """
                import Eddy

                # func greet(_ connection: borrowing Connection) async throws { try await connection.write("x") }

                func connect(_ client: TCPClient) async throws {
                    try await client.connect(to: "localhost:7000") { connection in try await greet(connection) }
                }
                """,
            sound: "",
            unsound: "@MainActor",
            error: "sending 'connection' risks causing data races"
        ),
        Program(
            name: "the connections of a handler and of its client are lent to helper functions",
            text: """
                import Eddy

                # func greet(_ connection: borrowing Connection) async throws { try await connection.write("x") }

                func line(from connection: borrowing Connection) async throws -> String? {
                    let line = try await connection.withReadDeadline(after: .seconds(5)) {
                        try await greet(connection)
                        return try await connection.readLine(limit: 1024)
                    }
                    guard let line else { return nil }
                    return String(decoding: line)
                }

                func forward(_ connection: consuming Connection) async throws {
                    let answer = try await connection.eventLoop.connect(to: "localhost:7001") { upstream in
                        try await greet(upstream)
                        try await greet(connection)
                        return try await line(from: upstream)
                    }
                    if let answer { try await connection.write(answer) }
                }

                func serve(_ server: TCPServer) async {
                    _ = await server.run { connection in try await greet(connection) }
                }

                func serveForwarding(_ server: TCPServer) async {
                    _ = await server.run(forward)
                }
                """,
            sound: "",
            unsound: "@MainActor",
            error: "sending 'connection' risks causing data races"
        ),
        Program(
            name: "a pool is used here after it was sent elsewhere",
            text: """
                import Eddy

                func figures() async {
                    let pool = BufferPool.current
                    let slabs = Task { # }
                    print(await slabs.value, pool.statistics.slabs)
                }
                """,
            sound: "BufferPool.current.statistics.slabs",
            unsound: "pool.statistics.slabs",
            error: "sending value of non-Sendable type"
        ),
        Program(
            name: "bytes outlive their buffer",
            text: """
                import Eddy

                func last() -> UInt8 {
                    let buffer = Buffer.from("hello")
                    let bytes = buffer.bytes
                    #
                    let cursor = Cursor(bytes)
                    return UInt8(cursor.remaining)
                }
                """,
            sound: "print(buffer.count)",
            unsound: "_ = buffer.share()",
            error: "noncopyable 'buffer' cannot be consumed when captured by an escaping closure or borrowed"
        ),
    ]
}
