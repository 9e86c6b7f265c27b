import Eddy

/// A handler for each ``ServiceProtocol``.
enum Handlers {
    static let echo: TCPServer.Handler = { connection in
        while let bytes = try await connection.read() {
            try await connection.write(bytes)
        }
    }

    static let answerLines: TCPServer.Handler = { connection in
        while let line = try await connection.readLine(limit: 1024) {
            guard !line.isEmpty else { continue }
            try await connection.write(line, Buffer.from("\n"))
        }
    }

    static let answerFrames: TCPServer.Handler = { connection in
        while let frame = try await connection.readFrame(limit: 1 << 20) {
            var prefix = Buffer.allocUnsafe(4)
            prefix.append(UInt32(frame.count))
            try await connection.write(prefix, frame)
        }
    }

    /// Holds a received buffer during a wait that is unrelated to the connection.
    @concurrent
    static func hold(_ connection: consuming Connection, for duration: Duration) async throws {
        while let bytes = try await connection.read() {
            if bytes.load(at: 0, as: UInt8.self) == UInt8(ascii: "h") {
                try await connection.eventLoop.sleep(for: duration)
            }
            try await connection.write(bytes)
        }
    }

    /// A request is a letter and a frame. 'S' stores the frame and answers '+'; any other letter echoes the request.
    static let store: TCPServer.Handler = { connection in
        while let kind = try await connection.read(exactly: 1) {
            guard let value = try await connection.readFrame(limit: 1 << 20) else { return }
            if kind.load(at: 0, as: UInt8.self) == UInt8(ascii: "S") {
                let kept = value.compacted().share()
                connection.eventLoop.withLocal(KeptValues.self) { $0.append(kept) }
                try await connection.write("+")
            } else {
                var prefix = Buffer.allocUnsafe(4)
                prefix.append(UInt32(value.count))
                try await connection.write(kind, prefix)
                try await connection.write(value)
            }
        }
    }
}
