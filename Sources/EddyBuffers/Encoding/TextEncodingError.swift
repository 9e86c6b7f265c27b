/// Text or bytes that are invalid in an encoding. Node.js instead drops or replaces them.
public enum TextEncodingError: Error, Hashable, CustomStringConvertible {
    /// Not a hexadecimal digit at this offset of the text's UTF-8.
    case invalidHexDigit(offset: Int)
    /// An odd number of hexadecimal digits.
    case oddHexDigits(count: Int)
    /// Not a base64 character at this offset of the text's UTF-8, or a character after the padding.
    case invalidBase64Character(offset: Int)
    /// The base64 ends within a byte, or with padding that does not fit.
    case incompleteBase64
    /// A character beyond U+00FF, at this offset of the text's UTF-8.
    case notLatin1(offset: Int)
    /// Invalid UTF-8 at this offset.
    case invalidUTF8(offset: Int)

    public var description: String {
        switch self {
        case .invalidHexDigit(let offset): "not a hexadecimal digit at offset \(offset); use 0-9, a-f and A-F"
        case .oddHexDigits(let count): "\(count) hexadecimal digits are not a whole number of bytes; use two per byte"
        case .invalidBase64Character(let offset): "not base64 at offset \(offset); use A-Z, a-z, 0-9, + and /"
        case .incompleteBase64: "the base64 ends within a byte or has wrong padding; it was truncated or damaged"
        case .notLatin1(let offset): "the character at offset \(offset) is beyond U+00FF; encode the text as UTF-8"
        case .invalidUTF8(let offset): "the bytes at offset \(offset) are not valid UTF-8; decode them as latin1 or hex"
        }
    }
}
