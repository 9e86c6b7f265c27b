import EddySimulation
import EddySystem
import Foundation

/// One client: visits the servers one after the other, in ways that its seed determines.
struct SoakClient {
    private let number: Int
    private let servers: [SocketAddress]
    private let round: SoakRound
    private var generator: SeededGenerator
    private var hasArrived = false

    init(number: Int, seed: UInt64, servers: [SocketAddress], round: SoakRound) {
        self.number = number
        self.servers = servers
        self.round = round
        generator = SeededGenerator(seed: seed)
    }

    /// Makes the visits, and a last one until the servers shut down.
    mutating func run(visits: Int) throws {
        defer { arrive() }
        for count in 0..<visits where !round.isOver {
            let visit = SoakVisit.allCases.randomElement(using: &generator)!
            try tolerating(of: "client \(number), visit \(count), \(visit)") { try $0.make(visit) }
        }
        try tolerating(of: "client \(number), last visit") { try $0.stay() }
    }

    /// Runs `body`. The servers may break the connection when they are shut down, but send nothing wrong even then.
    private mutating func tolerating(of place: String, _ body: (inout SoakClient) throws -> Void) throws {
        do {
            try body(&self)
        } catch let error as SoakSocket.Failure {
            if case .broken = error, round.mayBreak { return }
            throw Failure(place: place, error: error)
        }
    }

    struct Failure: Error {
        var place: String
        var error: SoakSocket.Failure
    }

    // MARK: Visits

    private mutating func make(_ visit: SoakVisit) throws {
        var socket = try connect()
        switch visit {
        case .converse: try converse(&socket)
        case .stream: try stream(&socket)
        case .halfClose:
            try socket.exchange(upTo: random(1, 32 << 10), receiving: 0)
            return try finish(&socket)
        case .dribble: try dribble(&socket)
        case .flood:
            try socket.flood(upTo: 4 << 20)
            rest()
            try socket.exchange(upTo: socket.sent, receiving: socket.sent)
        case .stall:
            try socket.flood(upTo: 4 << 20)
            rest()
            if Bool.random(using: &generator) { socket.resetOnClose() }
            return
        case .reset:
            try stream(&socket, isWhole: false)
            return socket.resetOnClose()
        case .close: return try stream(&socket, isWhole: false)
        case .leave:
            if Bool.random(using: &generator) { socket.resetOnClose() }
            return
        }
        if Bool.random(using: &generator) { try finish(&socket) }
    }

    private mutating func converse(_ socket: inout SoakSocket) throws {
        for _ in 0..<random(1, 20) {
            let count = socket.sent + random(1, 8 << 10)
            try socket.exchange(upTo: count, receiving: count)
        }
    }

    private mutating func stream(_ socket: inout SoakSocket, isWhole: Bool = true) throws {
        let count = random(1, 1 << 20)
        socket.longestPiece = random(256, 64 << 10)
        try socket.exchange(upTo: count, receiving: isWhole ? count : random(0, count))
    }

    private mutating func dribble(_ socket: inout SoakSocket) throws {
        socket.longestPiece = 1
        for _ in 0..<random(1, 4) {
            try socket.exchange(upTo: socket.sent + random(1, 100), receiving: socket.received)
            if Bool.random(using: &generator) { rest() }
        }
        try socket.exchange(upTo: socket.sent, receiving: socket.sent)
    }

    /// Half-closes, and receives what is missing and the end of the stream.
    private func finish(_ socket: inout SoakSocket) throws {
        socket.finish()
        try socket.exchange(upTo: socket.sent, receiving: socket.sent)
        try socket.receiveEnd()
    }

    /// Does something that does not end before the servers shut down.
    private mutating func stay() throws {
        guard !round.isOver else { return }
        var socket = try connect()
        try socket.exchange(upTo: 1, receiving: 1)
        let manner = random(0, 3)
        if manner == 1 { try socket.flood(upTo: 4 << 20) }
        arrive()
        switch manner {
        case 0: try socket.receiveEnd()
        case 1:
            while !round.isOver { rest() }
            // Bytes that were still delivered are right.
            try socket.exchange(upTo: socket.sent, receiving: socket.sent)
        case 2: while true { try converse(&socket) }
        default: while true { try dribble(&socket) }
        }
    }

    /// Tells the round, once, that this client is in its last visit or has failed.
    private mutating func arrive() {
        if !hasArrived { round.clientArrived() }
        hasArrived = true
    }

    // MARK: Randomness

    /// Connects; sometimes as a slow peer.
    private mutating func connect() throws(SoakSocket.Failure) -> SoakSocket {
        let receiveBuffer: Int32? = random(0, 3) == 0 ? 4096 : nil
        return try SoakSocket.connect(
            to: servers.randomElement(using: &generator)!,
            receiveBuffer: receiveBuffer,
            seed: generator.next()
        )
    }

    private mutating func random(_ least: Int, _ most: Int) -> Int { Int.random(in: least...most, using: &generator) }

    private mutating func rest() { Thread.sleep(forTimeInterval: Double.random(in: 0...0.02, using: &generator)) }
}
