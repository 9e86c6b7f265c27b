import Eddy

// The examples of the README and of the documentation catalogue, which `DocumentationTests` looks up here. They only
// have to compile.

private func shortestServer() async throws {
    let server = try TCPServer(on: "127.0.0.1:7000")
    await server.run { connection in
        while let bytes = try await connection.read() {  // a slice of the pool, with a single owner
            try await connection.write(bytes)  // consumed; back in the pool once the kernel has sent it
        }
    }
}

private func catalogueServer() async throws {
    let server = try TCPServer(on: "127.0.0.1:7000")
    await server.run { connection in
        while let bytes = try await connection.read() {
            try await connection.write(bytes)
        }
    }
}

private func embeddedRelay() async throws {
    let server = try TCPServer(on: "0.0.0.0:7000", loops: 2)
    print("listening on \(server.address)")

    Task {
        try await Task.sleep(for: .seconds(60))
        server.shutDown(grace: .seconds(10))  // stop accepting, let messages finish, then reset
    }

    let statistics = await server.run { client in
        // A client connection on the same loop: no thread hop, no copy.
        try await client.eventLoop.connect(to: "localhost:7001") { upstream in
            try await client.relay(to: upstream)
        }
    }
    print(statistics.connectionsAccepted, statistics.pool.slicesOut)
}

private func scopedLoops() async throws {
    var configuration = EventLoop.Configuration()
    configuration.timeouts = .init(read: .seconds(30), write: .seconds(30), idle: .seconds(120))

    try await withEventLoops(configuration: configuration) { group in
        let server = try TCPServer(on: "127.0.0.1:7000", group: group)
        await server.run { connection in
            // The complete line within five seconds, however slowly it arrives.
            let greeting = try await connection.withReadDeadline(after: .seconds(5)) {
                try await connection.readLine(limit: 1024)
            }
            connection.timeouts.idle = nil  // from now on this connection may stay idle
            if let greeting { try await connection.write(greeting) }
        }
    }
}

private func serverOfLines() async throws {
    let server = try TCPServer(on: "127.0.0.1:7000")  // port 0: the system picks one, see server.address
    let statistics = await server.run { connection in
        while let line = try await connection.readLine(limit: 1024) {
            try await connection.write(line)
            try await connection.write("\n")
        }
    }
    _ = statistics
}

private struct Inbox {
    func add(_ line: consuming Buffer) {}
}

private func bothSides(_ connection: borrowing Connection, inbox: Inbox, events: AsyncStream<String>) async throws {
    try await connection.concurrently { reader in
        while let line = try await reader.readLine(limit: 1024) { inbox.add(line) }
    } writing: { writer in
        for await event in events { try await writer.write(event) }
    }
}

private func client(of server: TCPServer) async throws -> String {
    let client = TCPClient(group: server.group)
    let answer = try await client.connect(to: "example.org:7000") { connection in
        try await connection.write("hello\n")
        guard let line = try await connection.readLine(limit: 1024) else { return "" }
        return String(decoding: line)
    }
    return answer
}

private func relay(by server: TCPServer) async throws {
    await server.run { client in
        try await client.relay(to: Endpoint("127.0.0.1:7001"))
    }
}

private func deadline(of connection: borrowing Connection) async throws {
    let request = try await connection.withReadDeadline(after: .seconds(5)) {
        try await connection.readLine(limit: 8192)
    }
    _ = consume request
}
