import EddyBuffers
import Testing

extension FuzzTests {
    @Suite("bytes")
    struct BytesTargets {
        private static let corpus = [
            "", "a", "aaaa", "abcabcabd", "needle in a haystack with a needle", "\u{0}\u{0}\u{1}",
        ]

        @Test("A cursor reads what a plain loop reads, never beyond the end, and not at all when it throws")
        func cursor() async {
            await fuzz("cursor", corpus: Self.corpus, raw: [[0xFF, 0xFF, 0xFF, 0xFF, 0, 1, 2, 3, 4]]) { fuzzCase in
                let bytes = fuzzCase.input
                let buffer = Buffer.from(bytes)
                var cursor = Cursor(buffer.bytes)
                var offset = 0
                for _ in 0..<40 {
                    let endianness: Endianness = Bool.random(using: &fuzzCase.random) ? .big : .little
                    let width = [1, 2, 4, 8].randomElement(using: &fuzzCase.random)!
                    let expected = Self.integer(bytes, at: offset, width, endianness)
                    // A peer's own number is used as a length, too.
                    let lengths = [0, 1, width, bytes.count, -1, .min, .max, Int(truncatingIfNeeded: expected ?? 7)]
                    let length = lengths.randomElement(using: &fuzzCase.random)!
                    switch Int.random(in: 0..<3, using: &fuzzCase.random) {
                    case 0:
                        let read: UInt64? =
                            switch width {
                            case 1: (try? cursor.read(UInt8.self, endianness: endianness)).map { UInt64($0) }
                            case 2: (try? cursor.read(UInt16.self, endianness: endianness)).map { UInt64($0) }
                            case 4: (try? cursor.read(UInt32.self, endianness: endianness)).map { UInt64($0) }
                            default: try? cursor.read(UInt64.self, endianness: endianness)
                            }
                        try require(read == expected, "read \(read as Any) at \(offset), not \(expected as Any)")
                        if read != nil { offset += width }
                    case 1:
                        let fits = length >= 0 && length <= bytes.count - offset
                        do {
                            let part = try cursor.read(byteCount: length).withUnsafeBytes { Array($0) }
                            try require(fits && part == Array(bytes[offset..<(offset + length)]), "read \(part)")
                            offset += length
                        } catch is Cursor.EndOfBytes {
                            try require(!fits, "refused \(length) bytes at \(offset)")
                        }
                    default:
                        let fits = length >= 0 && length <= bytes.count - offset
                        do { try cursor.skip(length) } catch { try require(!fits, "refused to skip \(length)") }
                        if fits { offset += length }
                    }
                    try require(cursor.offset == offset, "the cursor is at \(cursor.offset), not at \(offset)")
                    try require(cursor.remaining == bytes.count - offset, "\(cursor.remaining) remain")
                }
            }
        }

        @Test("Numbers of every width are loaded and stored as in a plain loop")
        func numbers() async {
            await fuzz("numbers", corpus: Self.corpus, raw: [[0x80, 0, 0, 0, 0, 0, 0, 0], [0xFF, 0x7F]]) { fuzzCase in
                let bytes = fuzzCase.input
                let buffer = Buffer.from(bytes)
                for width in 1...8 where width <= bytes.count {
                    let offset = Int.random(in: 0...(bytes.count - width), using: &fuzzCase.random)
                    for endianness in [Endianness.big, .little] {
                        let expected = Self.integer(bytes, at: offset, width, endianness)!
                        let loaded = buffer.loadUnsigned(at: offset, byteCount: width, endianness: endianness)
                        try require(loaded == expected, "\(width) bytes at \(offset) are \(loaded), not \(expected)")
                        let signed = buffer.loadSigned(at: offset, byteCount: width, endianness: endianness)
                        var copy = Buffer.alloc(width)
                        copy.store(signed, at: 0, byteCount: width, endianness: endianness)
                        let stored = copy.loadUnsigned(at: 0, byteCount: width, endianness: endianness)
                        try require(stored == expected, "\(signed) is stored as \(stored), not \(expected)")
                    }
                }
            }
        }

        @Test("Searches find what a plain loop finds, and comparing sorts as Swift does")
        func searching() async {
            await fuzz("search", corpus: Self.corpus, dictionary: ["needle", "abc", "aa"]) { fuzzCase in
                let bytes = fuzzCase.input
                let start = Int.random(in: 0...bytes.count, using: &fuzzCase.random)
                let end = Int.random(in: start...min(bytes.count, start + 9), using: &fuzzCase.random)
                var wanted = Array(bytes[start..<end])
                if Bool.random(using: &fuzzCase.random) {
                    wanted.append(bytes.randomElement(using: &fuzzCase.random) ?? 0)
                }
                let from = Int.random(in: 0...bytes.count, using: &fuzzCase.random)

                let buffer = Buffer.from(bytes)
                let other = Buffer.from(wanted)
                let places = bytes.indices.filter { bytes[$0...].starts(with: wanted) }
                let first = wanted.isEmpty ? from : places.first { $0 >= from }
                let last = wanted.isEmpty ? bytes.count : places.last
                try require(buffer.firstIndex(of: other.bytes, from: from) == first, "\(wanted) is at \(first as Any)")
                try require(buffer.lastIndex(of: other.bytes) == last, "\(wanted) is last at \(last as Any)")
                if let byte = wanted.first {
                    try require(
                        buffer.firstIndex(of: byte, from: from) == bytes[from...].firstIndex(of: byte),
                        "\(byte)"
                    )
                    try require(buffer.lastIndex(of: byte) == bytes.lastIndex(of: byte), "last \(byte)")
                }
                try require((buffer < other) == bytes.lexicographicallyPrecedes(wanted), "sorts before \(wanted)")
                try require((buffer > other) == wanted.lexicographicallyPrecedes(bytes), "sorts after \(wanted)")
                try require((buffer == other) == (bytes == wanted), "equals \(wanted)")
            }
        }

        private static func integer(_ bytes: [UInt8], at offset: Int, _ width: Int, _ order: Endianness) -> UInt64? {
            guard offset + width <= bytes.count else { return nil }
            let part = bytes[offset..<(offset + width)]
            return (order == .big ? Array(part) : part.reversed()).reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}
