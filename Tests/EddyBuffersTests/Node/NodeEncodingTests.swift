import EddyBuffers
import Testing

@Suite struct NodeEncodingTests {
    @Test func toText() throws {
        #expect(Buffer.from("hello world").text(.hex) == "68656c6c6f20776f726c64")
        #expect(Buffer.from("hello world").text(.base64) == "aGVsbG8gd29ybGQ=")
        #expect(try Buffer.from("fhqwhgads", .utf8).text(.hex) == "666871776867616473")
        #expect(try Buffer.from("fhqwhgads", .utf16le).text(.hex) == "660068007100770068006700610064007300")
    }

    @Test func toTextOfARange() {
        let alphabet = Buffer.from((0..<26).map { UInt8(97 + $0) })
        #expect(alphabet.text() == "abcdefghijklmnopqrstuvwxyz")
        #expect(alphabet.text(in: 0..<5) == "abcde")
        let test = Buffer.from("tést")
        #expect(test.text(.hex) == "74c3a97374")
        #expect(test.text(.utf8, in: 0..<3) == "té")
    }

    @Test func hex() throws {
        #expect(throws: TextEncodingError.invalidHexDigit(offset: 2)) { try discard(Buffer.from("1ag123", .hex)) }
        #expect(throws: TextEncodingError.oddHexDigits(count: 3)) { try discard(Buffer.from("1a7", .hex)) }
        #expect(try Buffer.from("1634DEADBEEF", .hex).text(.hex) == "1634deadbeef")
        #expect(try Buffer.from("", .hex).count == 0)
        #expect(throws: TextEncodingError.invalidHexDigit(offset: 0)) { try discard(Buffer.from("é", .hex)) }
    }

    /// RFC 4648, section 10, and Node's rules: either alphabet, white space, no padding.
    @Test func base64() throws {
        let vectors = [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
        for (text, encoded) in vectors {
            #expect(Buffer.from(text).text(.base64) == encoded)
            #expect(try Buffer.from(encoded, .base64).text() == text)
            #expect(try Buffer.from(encoded.filter { $0 != "=" }, .base64).text() == text)
        }
        #expect(try Buffer.from("Zm9v\r\n\t YmFy", .base64).text() == "foobar")
        #expect(try Buffer.from("-_-_", .base64).text(.hex) == "fbffbf")
        for text in ["Zg=", "Z", "Zm9vY", "Zg===", "Zm9v="] {
            #expect(throws: TextEncodingError.incompleteBase64) { try discard(Buffer.from(text, .base64)) }
        }
        #expect(throws: TextEncodingError.invalidBase64Character(offset: 2)) {
            try discard(Buffer.from("Zm*v", .base64))
        }
        #expect(throws: TextEncodingError.invalidBase64Character(offset: 4)) {
            try discard(Buffer.from("Zg==Zg", .base64))
        }
    }

    @Test func base64url() throws {
        let bytes = try Buffer.from("fbffbffe", .hex)
        #expect(bytes.text(.base64) == "+/+//g==")
        #expect(bytes.text(.base64url) == "-_-__g")
        #expect(try Buffer.from("-_-__g", .base64url).text(.hex) == "fbffbffe")
        #expect(try Buffer.from("+/+//g==", .base64url).text(.hex) == "fbffbffe")
    }

    @Test func latin1() throws {
        #expect(try Buffer.from("é", .latin1).array() == [0xE9])
        #expect(Buffer.from([0xE9]).text(.latin1) == "é")
        #expect(throws: TextEncodingError.notLatin1(offset: 1)) { try discard(Buffer.from("a€", .latin1)) }
    }

    @Test func ascii() throws {
        #expect(try Buffer.from("é", .ascii).array() == [0xE9])
        #expect(Buffer.from([0xE9]).text(.ascii) == "i")
    }

    @Test func utf16le() throws {
        #expect(try Buffer.from("€", .utf16le).text(.hex) == "ac20")
        let pair = try Buffer.from("😀", .utf16le)
        #expect(pair.text(.hex) == "3dd800de")
        #expect(pair.text(.utf16le) == "😀")
        #expect(Buffer.from([0x61, 0, 0x62]).text(.utf16le) == "a")
        #expect(Buffer.from([0x3D, 0xD8]).text(.utf16le) == "\u{FFFD}")
    }

    @Test func validatedText() throws {
        #expect(try Buffer.from("tést").validatedText() == "tést")
        #expect(throws: TextEncodingError.invalidUTF8(offset: 3)) {
            try discard(Buffer.from([0x74, 0xC3, 0xA9, 0xFF]).validatedText())
        }
        #expect(throws: TextEncodingError.invalidUTF8(offset: 1)) {
            try discard(Buffer.from([0x61, 0xE2, 0x82]).validatedText())
        }
    }

    @Test func isUtf8AndIsAscii() {
        #expect(Buffer.from("tést").isUTF8 == true)
        #expect(Buffer.from([0xFF]).isUTF8 == false)
        #expect(Buffer.from("test").isASCII == true)
        #expect(Buffer.from("tést").isASCII == false)
    }

    @Test func writeText() throws {
        var buffer = Buffer.allocUnsafe(256)
        buffer.append("\u{00BD} + \u{00BC} = \u{00BE}")
        #expect(buffer.count == 12)
        #expect(buffer.text(.utf8, in: 0..<12) == "½ + ¼ = ¾")
        try buffer.append("abcd", .latin1)
        #expect(buffer.count == 16)
    }

    @Test func everyErrorSaysWhatToDo() {
        let errors: [TextEncodingError] = [
            .invalidHexDigit(offset: 2), .oddHexDigits(count: 3), .invalidBase64Character(offset: 1), .incompleteBase64,
            .notLatin1(offset: 0), .invalidUTF8(offset: 9),
        ]
        #expect(Set(errors.map { $0.description }).count == errors.count)
        #expect("\(TextEncodingError.oddHexDigits(count: 3))".contains("3 hexadecimal digits"))
    }
}

/// Consumes a noncopyable result, for `#expect(throws:)`.
func discard<Value: ~Copyable>(_ value: consuming Value) {}
