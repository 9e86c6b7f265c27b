import ArgumentParser

/// The load on a server: a number of connections, and on each a number of concurrent messages of one size.
struct LoadCase: Equatable, Encodable, ExpressibleByArgument {
    let connections: Int
    let size: Int
    let depth: Int
    /// Each message has a connection of its own.
    var reconnects = false

    static let fiftySmall = LoadCase(connections: 50, size: 64)

    init(connections: Int, size: Int, depth: Int = 1) {
        self.connections = connections
        self.size = size
        self.depth = depth
    }

    /// 50x64, 50x16k, 50x64x16.
    init?(argument: String) {
        let parts = argument.lowercased().split(separator: "x", omittingEmptySubsequences: false).map(Self.count)
        guard parts.count == 2 || parts.count == 3 else { return nil }
        guard let connections = parts[0], let size = parts[1], let depth = parts.count == 3 ? parts[2] : 1 else {
            return nil
        }
        self.init(connections: connections, size: size, depth: depth)
    }

    private static func count(_ text: Substring) -> Int? {
        let isKilo = text.hasSuffix("k")
        let (unit, limit) = isKilo ? (1 << 10, 64 << 10) : (1, 64 << 20)
        guard let count = Int(isKilo ? text.dropLast() : text), (1...limit).contains(count) else { return nil }
        return count * unit
    }

    var name: String {
        let sizeText = size % 1024 == 0 ? "\(size / 1024) KiB" : "\(size) B"
        return "\(connections)×\(sizeText)" + (depth > 1 ? " depth \(depth)" : "")
            + (reconnects ? ", each on a new connection" : "")
    }

    /// The same messages, each on a connection of its own.
    var onNewConnections: LoadCase {
        var copy = self
        copy.reconnects = true
        return copy
    }

    var arguments: [String] {
        ["--connections", "\(connections)", "--size", "\(size)", "--depth", "\(depth)"]
            + (reconnects ? ["--reconnect"] : [])
    }
}

extension [LoadCase] {
    static let echo = [
        LoadCase(connections: 1, size: 64),
        .fiftySmall,
        LoadCase(connections: 50, size: 64, depth: 16),
        LoadCase(connections: 500, size: 64),
        LoadCase(connections: 50, size: 16 << 10),
        LoadCase(connections: 8, size: 256 << 10),
    ]
    static let proxy = [.fiftySmall, LoadCase(connections: 50, size: 16 << 10)]
}
