/// How text stands for bytes: Node's `BufferEncoding`.
public enum TextEncoding: String, Sendable, CaseIterable {
    /// Unicode, 1 to 4 bytes a character. `utf8` in Node.js.
    case utf8
    /// Unicode in 2-byte units, least significant byte first. `utf16le`, `ucs2`.
    case utf16le
    /// U+0000 to U+00FF, a byte each (ISO 8859-1). `latin1`, `binary`.
    case latin1
    /// Encodes as latin1; decodes with the highest bit of each byte cleared.
    case ascii
    /// Two hexadecimal digits a byte.
    case hex
    /// RFC 4648, section 4. Decoding takes the URL-safe alphabet, white space and missing padding, too.
    case base64
    /// RFC 4648, section 5, without padding. Decoding takes what base64 takes.
    case base64url

    /// The encoding of a name that Node.js knows, in upper or lower case; nil for another. Node's `Buffer.isEncoding`.
    public init?(named name: String) {
        switch name.lowercased() {
        case "utf8", "utf-8": self = .utf8
        case "utf16le", "utf-16le", "ucs2", "ucs-2": self = .utf16le
        case "latin1", "binary": self = .latin1
        case let name:
            guard let encoding = TextEncoding(rawValue: name) else { return nil }
            self = encoding
        }
    }
}

/// Text or bytes that an encoding does not allow. Node.js drops or replaces what follows instead.
public enum EncodingError: Error, Hashable, CustomStringConvertible {
    /// Not a hexadecimal digit at this offset of the text's UTF-8.
    case invalidHexDigit(offset: Int)
    /// An odd number of hexadecimal digits.
    case oddHexDigits(count: Int)
    /// Not a base64 character at this offset of the text's UTF-8, or one behind the padding.
    case invalidBase64Character(offset: Int)
    /// The base64 ends within a byte, or with padding that does not fit.
    case incompleteBase64
    /// A character beyond U+00FF, at this offset of the text's UTF-8.
    case notLatin1(offset: Int)
    /// Bytes that are no UTF-8, from this offset on.
    case invalidUTF8(offset: Int)

    public var description: String {
        switch self {
        case .invalidHexDigit(let offset): "no hexadecimal digit at offset \(offset); use 0-9, a-f and A-F"
        case .oddHexDigits(let count): "\(count) hexadecimal digits make no whole number of bytes; write two a byte"
        case .invalidBase64Character(let offset): "no base64 character at offset \(offset); use A-Z, a-z, 0-9, + and /"
        case .incompleteBase64: "the base64 ends within a byte or is padded wrongly; it has been cut or damaged"
        case .notLatin1(let offset): "the character at offset \(offset) is beyond U+00FF; encode the text as UTF-8"
        case .invalidUTF8(let offset): "the bytes from offset \(offset) on are no UTF-8; decode them as latin1 or hex"
        }
    }
}
