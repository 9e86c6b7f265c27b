/// An encoding of text: Node's `BufferEncoding`.
public enum TextEncoding: String, Sendable, CaseIterable {
    /// Unicode, 1 to 4 bytes per character. `utf8` in Node.js.
    case utf8
    /// Unicode in 2-byte units, least significant byte first. `utf16le`, `ucs2`.
    case utf16le
    /// U+0000 to U+00FF, one byte each (ISO 8859-1). `latin1`, `binary`.
    case latin1
    /// Encodes as latin1; decodes with the highest bit of each byte cleared.
    case ascii
    /// Two hexadecimal digits per byte.
    case hex
    /// RFC 4648, section 4. Decoding also accepts the URL-safe alphabet, white space and missing padding.
    case base64
    /// RFC 4648, section 5, without padding. Decoding accepts the same input as base64.
    case base64url

    /// The encoding with a name that Node.js knows, in upper or lower case; nil for an unknown name. Node's
    /// `Buffer.isEncoding`.
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
