import EddyBuffers
import Foundation
import Testing

extension FuzzTests {
    @Suite("text encodings")
    struct TextEncodingTargets {
        @Test("Base64 is decoded as by Foundation, except for what only Node.js accepts")
        func base64() async {
            let corpus = [
                "", "QQ==", "QUI=", "QUJD", "QQ", "QUI", " Q Q = =\n", "-_-_", "+/+/", "Q", "Q===", "====", "QQ=",
                "QQ=A",
                "QUJDRA==QQ==", "\u{E9}", "QUJ\u{0}D",
            ]
            await fuzz("base64", corpus: corpus, dictionary: ["=", "==", "\u{B}", "QUJD"]) { fuzzCase in
                let text = fuzzCase.text
                let expected = Self.decodeByFoundation(text)
                for encoding in [TextEncoding.base64, .base64url] {
                    let decoded = Self.decode(text, encoding)
                    try require(decoded == expected, "decoded \(decoded as Any), not \(expected as Any)")
                }
            }
        }

        @Test("Hexadecimal digits are decoded pair by pair")
        func hexadecimal() async {
            await fuzz("hex", corpus: ["", "00", "deadBEEF", "0", "0g", "0x10", " 00", "\u{FF10}0"]) { fuzzCase in
                let digits = Array(fuzzCase.text.unicodeScalars)
                let values = digits.compactMap { $0.isASCII ? Character($0).hexDigitValue : nil }
                let isValid = values.count == digits.count && digits.count.isMultiple(of: 2)
                let expected = stride(from: 0, to: values.count - 1, by: 2).map {
                    UInt8(values[$0] * 16 + values[$0 + 1])
                }
                let decoded = Self.decode(fuzzCase.text, .hex)
                try require(decoded == (isValid ? expected : nil), "decoded \(decoded as Any)")
            }
        }

        @Test("Encoding matches Foundation, and decoding restores the bytes")
        func roundTrips() async {
            let corpus = ["", "a", "ab", "abc", "abcd", "\u{0}\u{7F}", "h\u{E9}", "\u{1F600}"]
            await fuzz("encode", corpus: corpus, raw: [[0xFF], [0x80, 0xC0, 0xFE]]) { fuzzCase in
                let bytes = fuzzCase.input
                let buffer = Buffer.from(bytes)
                for encoding in [TextEncoding.hex, .base64, .base64url, .latin1] {
                    let text = buffer.text(encoding)
                    try require(Self.decode(text, encoding) == bytes, "\(encoding) as \(text)")
                }
                try require(buffer.text(.base64) == Data(bytes).base64EncodedString(), "not Foundation's base64")
                let hex = bytes.map { String(format: "%02x", $0) }.joined()
                try require(buffer.text(.hex) == hex, "not the digits of printf")
                let latin1 = String(data: Data(bytes), encoding: .isoLatin1)
                try require(buffer.text(.latin1) == latin1, "not Foundation's latin1")
                try require(buffer.text(.ascii).unicodeScalars.map(\.value) == bytes.map { UInt32($0 & 0x7F) }, "ascii")
            }
        }

        @Test("UTF-8 is decoded as by the WHATWG's decoder")
        func utf8() async {
            let raw: [[UInt8]] = [
                [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
                [0xF4, 0x90, 0x80, 0x80],
                [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xF0, 0x9F, 0x41], [0x80], [0xFF, 0xFE], [0xC2], [0xE2, 0x82, 0xC2],
            ]
            await fuzz("utf8", corpus: ["", "plain", "h\u{E9}llo", "\u{20AC}", "\u{1F600}"], raw: raw) { fuzzCase in
                let buffer = Buffer.from(fuzzCase.input)
                let (expected, firstInvalid) = UTF8Model.decode(fuzzCase.input)
                try require(Array(buffer.text().unicodeScalars) == expected, "replaced otherwise")
                try require(buffer.isUTF8 == (firstInvalid == nil), "isUTF8 is \(buffer.isUTF8)")
                do {
                    let text = try buffer.validatedText()
                    try require(firstInvalid == nil, "validated as \(text)")
                } catch let error as TextEncodingError {
                    let offset = firstInvalid.map { TextEncodingError.invalidUTF8(offset: $0) }
                    try require(error == offset, "\(error) instead of \(offset as Any)")
                }
            }
        }

        @Test("Text is stored and read back, or rejected if it does not fit the encoding")
        func text() async {
            let corpus = ["", "plain", "h\u{E9}llo", "\u{FF}\u{100}", "\u{1F600}\u{FFFF}"]
            await fuzz("text", corpus: corpus) { fuzzCase in
                let text = fuzzCase.text
                for encoding in [TextEncoding.utf8, .utf16le] {
                    guard let bytes = Self.decode(text, encoding) else { throw Violation(description: "\(encoding)") }
                    try require(Array(Buffer.from(bytes).text(encoding).utf8) == Array(text.utf8), "\(encoding)")
                    try require(try Buffer.byteCount(of: text, encoding) == bytes.count, "count of \(encoding)")
                }
                let utf16 = text.data(using: .utf16LittleEndian).map { Array($0) }
                try require(Self.decode(text, .utf16le) == utf16, "not Foundation's UTF-16")
                let isLatin1 = text.unicodeScalars.allSatisfy { $0.value <= 0xFF }
                let latin1 = isLatin1 ? text.unicodeScalars.map { UInt8($0.value) } : nil
                try require(Self.decode(text, .latin1) == latin1, "latin1")
            }
        }

        private static func decode(_ text: String, _ encoding: TextEncoding) -> [UInt8]? {
            guard let buffer = try? Buffer.from(text, encoding) else { return nil }
            return buffer.bytes.withUnsafeBytes { Array($0) }
        }

        /// Without white space, in the first alphabet, and padded; nil for invalid base64.
        private static func decodeByFoundation(_ text: String) -> [UInt8]? {
            let spaces: Set<Unicode.Scalar> = [" ", "\t", "\n", "\u{B}", "\u{C}", "\r"]
            var plain = String(String.UnicodeScalarView(text.unicodeScalars.filter { !spaces.contains($0) }))
                .replacing("-", with: "+").replacing("_", with: "/")
            if !plain.utf8.contains(UInt8(ascii: "=")) {
                guard plain.utf8.count % 4 != 1 else { return nil }
                plain += String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
            }
            // Foundation ignores characters after a complete group.
            guard plain.utf8.count.isMultiple(of: 4), plain.wholeMatch(of: /[A-Za-z0-9+\/]*={0,2}/) != nil else {
                return nil
            }
            return Data(base64Encoded: plain).map { Array($0) }
        }
    }
}

/// The decoder of the WHATWG's Encoding Standard, section 8.1.1, line by line.
enum UTF8Model {
    /// The text with its replacements, and the offset of the first sequence that was replaced.
    static func decode(_ bytes: [UInt8]) -> (scalars: [Unicode.Scalar], firstInvalid: Int?) {
        var scalars: [Unicode.Scalar] = []
        var firstInvalid: Int?
        var start = 0
        while start < bytes.count {
            let (scalar, length) = sequence(bytes[start...])
            if scalar == nil, firstInvalid == nil { firstInvalid = start }
            scalars.append(scalar ?? "\u{FFFD}")
            start += length
        }
        return (scalars, firstInvalid)
    }

    /// The first character, or nil, and the number of bytes that one replacement stands for.
    private static func sequence(_ bytes: ArraySlice<UInt8>) -> (Unicode.Scalar?, Int) {
        let first = bytes.first!
        let needed: Int
        var value: UInt32
        var bounds: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0...0x7F: return (Unicode.Scalar(first), 1)
        case 0xC2...0xDF: (needed, value) = (1, UInt32(first & 0x1F))
        case 0xE0...0xEF:
            if first == 0xE0 { bounds = 0xA0...0xBF }
            if first == 0xED { bounds = 0x80...0x9F }
            (needed, value) = (2, UInt32(first & 0x0F))
        case 0xF0...0xF4:
            if first == 0xF0 { bounds = 0x90...0xBF }
            if first == 0xF4 { bounds = 0x80...0x8F }
            (needed, value) = (3, UInt32(first & 0x07))
        default: return (nil, 1)
        }
        for seen in 0..<needed {
            guard let byte = bytes.dropFirst(seen + 1).first, bounds.contains(byte) else { return (nil, seen + 1) }
            bounds = 0x80...0xBF
            value = value << 6 | UInt32(byte & 0x3F)
        }
        return (Unicode.Scalar(value), needed + 1)
    }
}
