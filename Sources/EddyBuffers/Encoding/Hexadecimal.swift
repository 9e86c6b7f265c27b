/// Two digits per byte.
enum Hexadecimal {
    private static let digits: StaticString = "0123456789abcdef"

    /// Decodes `text` and appends the bytes to `buffer`, which has room for half as many.
    static func decode(_ text: UnsafeBufferPointer<UInt8>, into buffer: inout Buffer) throws(TextEncodingError) {
        for offset in 0..<text.count where unsafe value(of: text[offset]) == nil {
            throw .invalidHexDigit(offset: offset)
        }
        guard text.count.isMultiple(of: 2) else { throw .oddHexDigits(count: text.count) }
        buffer.append { span in
            for offset in stride(from: 0, to: text.count, by: 2) {
                let high = unsafe value(of: text[offset]).unsafelyUnwrapped
                let low = unsafe value(of: text[offset + 1]).unsafelyUnwrapped
                span.append(high << 4 | low)
            }
        }
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        unsafe String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for index in 0..<bytes.count {
                unsafe text[2 * index] = digits.utf8Start[Int(bytes[index] >> 4)]
                unsafe text[2 * index + 1] = digits.utf8Start[Int(bytes[index] & 15)]
            }
            return bytes.count * 2
        }
    }
}
