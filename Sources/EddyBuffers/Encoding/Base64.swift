// Three bytes are four characters of six bits each (RFC 4648):
//
//     bytes        aaaaaaaa bbbbbbbb cccccccc
//     characters   aaaaaa aabbbb bbbbcc cccccc
//
// At the end, one remaining byte becomes two characters, and two bytes become three; `=` pads to four.

/// The encoding of RFC 4648, with either alphabet.
enum Base64 {
    private static let standard: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    private static let urlSafe: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    /// The most bytes that `count` characters can encode.
    static func maximumByteCount(characters count: Int) -> Int { count / 4 * 3 + count % 4 }

    /// Decodes `text` and appends the bytes to `buffer`, which has room for ``maximumByteCount(characters:)``.
    ///
    /// As in Node.js, either alphabet is accepted, white space is skipped, and padding may be missing.
    static func decode(_ text: UnsafeBufferPointer<UInt8>, into buffer: inout Buffer) throws(TextEncodingError) {
        try buffer.append { (span) throws(TextEncodingError) in
            var bits: UInt32 = 0
            var characters = 0
            var padding = 0
            for offset in 0..<text.count {
                let character = unsafe text[offset]
                if let value = value(of: character), padding == 0 {
                    bits = bits << 6 | UInt32(value)
                    characters += 1
                    guard characters % 4 == 0 else { continue }
                    span.append(UInt8(truncatingIfNeeded: bits >> 16))
                    span.append(UInt8(truncatingIfNeeded: bits >> 8))
                    span.append(UInt8(truncatingIfNeeded: bits))
                } else if character == UInt8(ascii: "=") {
                    padding += 1
                } else if !isWhiteSpace(character) {
                    throw .invalidBase64Character(offset: offset)
                }
            }
            let left = characters % 4
            guard left != 1, padding == 0 || left > 0 && left + padding == 4 else { throw .incompleteBase64 }
            if left >= 2 { span.append(UInt8(truncatingIfNeeded: left == 2 ? bits >> 4 : bits >> 10)) }
            if left == 3 { span.append(UInt8(truncatingIfNeeded: bits >> 2)) }
        }
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }

    private static func isWhiteSpace(_ character: UInt8) -> Bool {
        character == 0x20 || (0x09...0x0D).contains(character)
    }

    static func encode(_ bytes: UnsafeRawBufferPointer, urlSafe isURLSafe: Bool) -> String {
        let alphabet = isURLSafe ? urlSafe : standard
        let whole = bytes.count / 3 * 4
        let left = bytes.count % 3
        let count = left == 0 ? whole : whole + (isURLSafe ? left + 1 : 4)
        return unsafe String(unsafeUninitializedCapacity: count) { text in
            var written = 0
            for start in stride(from: 0, to: bytes.count, by: 3) {
                let group = min(3, bytes.count - start)
                var bits: UInt32 = 0
                for index in 0..<3 {
                    bits = bits << 8 | (index < group ? unsafe UInt32(bytes[start + index]) : 0)
                }
                for index in 0..<(group + 1) {
                    unsafe text[written] = alphabet.utf8Start[Int(bits >> UInt32(18 - 6 * index) & 63)]
                    written += 1
                }
            }
            while written < count {
                unsafe text[written] = UInt8(ascii: "=")
                written += 1
            }
            return count
        }
    }
}
