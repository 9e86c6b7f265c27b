import EddySimulation

/// Makes inputs from a corpus: each is one of its members, damaged in up to six places. The same numbers make the same
/// input.
struct Mutator {
    let corpus: [[UInt8]]
    let dictionary: [[UInt8]]

    /// Longer inputs find nothing more, but take longer.
    private static let longest = 4096

    func input(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes = corpus.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 1...6, using: &random) { damage(&bytes, &random) }
        return Array(bytes.prefix(Self.longest))
    }

    private func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0: flipBit(&bytes, &random)
        case 1: bytes.insert(Self.byte(&random), at: place)
        case 2: bytes.removeSubrange(part(of: bytes, &random))
        case 3: bytes.insert(contentsOf: bytes[part(of: bytes, &random)], at: place)
        case 4: bytes = Array(bytes.prefix(place))
        case 5: bytes = Array(bytes.suffix(place))
        case 6: bytes.insert(contentsOf: word(&random), at: place)
        case 7: bytes.replaceSubrange(part(of: bytes, &random), with: word(&random))
        case 8: splice(&bytes, at: place, &random)
        default: if place < bytes.count { bytes[place] = Self.byte(&random) }
        }
    }

    private func flipBit(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard let place = bytes.indices.randomElement(using: &random) else { return }
        bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    }

    /// The bytes before a position, followed by the end of another member of the corpus.
    private func splice(_ bytes: inout [UInt8], at place: Int, _ random: inout SeededGenerator) {
        guard let other = corpus.randomElement(using: &random) else { return }
        bytes = bytes.prefix(place) + other.suffix(Int.random(in: 0...other.count, using: &random))
    }

    private func part(of bytes: [UInt8], _ random: inout SeededGenerator) -> Range<Int> {
        let start = Int.random(in: 0...bytes.count, using: &random)
        return start..<Int.random(in: start...bytes.count, using: &random)
    }

    private func word(_ random: inout SeededGenerator) -> [UInt8] {
        (dictionary + Self.words).randomElement(using: &random) ?? []
    }

    private static func byte(_ random: inout SeededGenerator) -> UInt8 {
        Bool.random(using: &random)
            ? edges.randomElement(using: &random) ?? 0 : UInt8.random(in: 0...255, using: &random)
    }

    /// Edge cases of many parsers.
    private static let edges: [UInt8] = [
        0, 0x09, 0x0A, 0x0D, 0x1B, 0x20, 0x2B, 0x2D, 0x2E, 0x2F, 0x30, 0x39, 0x3A, 0x7F, 0x80, 0xBF, 0xC0, 0xFE, 0xFF,
    ]

    private static let words = [
        "-1", "+1", "0", "1e9", "nan", "inf", "0x10", "65535", "65536", "2147483648", "4294967296",
        "9223372036854775808", "18446744073709551616", "99999999999999999999999", "%n", "\r\n", "\u{0}",
        // A combining mark, digits that are not ASCII, and a sign whose lower case is k.
        "\u{301}", "\u{663}", "\u{FF11}", "\u{212A}", "\u{200D}", "\u{FEFF}", "\u{FFFD}", "\u{1F600}",
    ].map { Array($0.utf8) }
}
