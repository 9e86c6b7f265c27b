extension Buffer {
    /// Decodes the text, pooled if it fits. Node's `Buffer.from(string, encoding)`.
    ///
    /// - Throws: ``TextEncodingError`` where Node.js would drop invalid input.
    public static func from(_ text: String, _ encoding: TextEncoding) throws(TextEncodingError) -> Buffer {
        var buffer = Buffer.allocUnsafe(maximumByteCount(of: text, encoding))
        try buffer.append(text, encoding)
        return buffer
    }

    /// The most bytes that the text takes in an encoding: exact for all but base64.
    private static func maximumByteCount(of text: String, _ encoding: TextEncoding) -> Int {
        switch encoding {
        case .utf8: text.utf8.count
        case .utf16le: text.utf16.count * 2
        case .latin1, .ascii: text.unicodeScalars.count
        case .hex: text.utf8.count / 2
        case .base64, .base64url: Base64.maximumByteCount(characters: text.utf8.count)
        }
    }

    /// The number of bytes that the text takes in an encoding. Node's `Buffer.byteLength(string, encoding)`.
    ///
    /// - Throws: ``TextEncodingError`` if the text is not valid in the encoding.
    public static func byteCount(of text: String, _ encoding: TextEncoding = .utf8) throws(TextEncodingError) -> Int {
        switch encoding {
        case .utf8, .utf16le: maximumByteCount(of: text, encoding)
        case .latin1, .ascii, .hex, .base64, .base64url: try from(text, encoding).count
        }
    }

    /// Decodes the text and appends the bytes. Node's `buf.write(string, encoding)`.
    ///
    /// When it throws, some of the bytes before the invalid position may have been appended.
    ///
    /// - Precondition: the bytes fit into ``freeCapacity``.
    public mutating func append(_ text: String, _ encoding: TextEncoding) throws(TextEncodingError) {
        require(
            Self.maximumByteCount(of: text, encoding) <= freeCapacity || encoding == .base64 || encoding == .base64url,
            "the buffer has no room for this text; allocate a larger one"
        )
        switch encoding {
        case .utf8:
            append(text)
        case .utf16le:
            for unit in text.utf16 { append(unit, endianness: .little) }
        case .latin1, .ascii:
            try appendLatin1(text)
        case .hex:
            try unsafe appendDecoded(text) { (text, buffer) throws(TextEncodingError) in
                try unsafe Hexadecimal.decode(text, into: &buffer)
            }
        case .base64, .base64url:
            try unsafe appendDecoded(text) { (text, buffer) throws(TextEncodingError) in
                try unsafe Base64.decode(text, into: &buffer)
            }
        }
    }

    private mutating func appendDecoded(
        _ text: String,
        _ decode: (UnsafeBufferPointer<UInt8>, inout Buffer) throws(TextEncodingError) -> Void
    ) throws(TextEncodingError) {
        var text = text
        text.makeContiguousUTF8()
        let utf8 = text.utf8Span.span
        let result = unsafe utf8.withUnsafeBufferPointer { utf8 in
            Result { () throws(TextEncodingError) in try unsafe decode(utf8, &self) }
        }
        try result.get()
    }

    private mutating func appendLatin1(_ text: String) throws(TextEncodingError) {
        var offset = 0
        for scalar in text.unicodeScalars {
            guard scalar.value <= 0xFF else { throw .notLatin1(offset: offset) }
            append(UInt8(scalar.value))
            offset += scalar.utf8.count
        }
    }
}
