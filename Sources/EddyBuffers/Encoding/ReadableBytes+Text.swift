extension ReadableBytes where Self: ~Copyable {
    /// The bytes as text. Node's `buf.toString(encoding, start, end)`.
    ///
    /// Invalid UTF-8 is replaced by U+FFFD, as in Node.js. So is invalid UTF-16, which Node.js keeps.
    /// ``validatedText()`` throws on invalid UTF-8.
    ///
    /// - Precondition: `range` lies within the bytes.
    public func text(_ encoding: TextEncoding = .utf8, in range: Range<Int>? = nil) -> String {
        let (bytes, first) = (bytes, startIndex)
        let range = range.map { $0.lowerBound - first..<$0.upperBound - first } ?? 0..<bytes.byteCount
        require(range.lowerBound >= 0 && range.upperBound <= bytes.byteCount, "the range is outside of the bytes")
        return unsafe bytes.extracting(range).withUnsafeBytes { bytes in
            switch encoding {
            case .utf8: unsafe String(decoding: bytes, as: UTF8.self)
            case .utf16le: unsafe String(decoding: utf16Units(of: bytes), as: UTF16.self)
            case .latin1: unsafe String(String.UnicodeScalarView(bytes.lazy.map { Unicode.Scalar($0) }))
            case .ascii: unsafe String(String.UnicodeScalarView(bytes.lazy.map { Unicode.Scalar($0 & 0x7F) }))
            case .hex: unsafe Hexadecimal.encode(bytes)
            case .base64: unsafe Base64.encode(bytes, urlSafe: false)
            case .base64url: unsafe Base64.encode(bytes, urlSafe: true)
            }
        }
    }

    /// The 2-byte units; a trailing odd byte is ignored.
    private func utf16Units(of bytes: UnsafeRawBufferPointer) -> [UInt16] {
        stride(from: 0, to: bytes.count & ~1, by: 2).map { offset in
            unsafe UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        }
    }

    /// Decodes the bytes as UTF-8.
    ///
    /// - Throws: ``TextEncodingError/invalidUTF8(offset:)`` if the bytes are not valid UTF-8.
    public func validatedText() throws(TextEncodingError) -> String {
        let bytes = bytes
        let result = unsafe bytes.withUnsafeBytes { bytes -> Result<String, TextEncodingError> in
            if let text = unsafe String(validating: bytes, as: UTF8.self) { return .success(text) }
            return .failure(.invalidUTF8(offset: unsafe firstInvalidUTF8(in: bytes)))
        }
        return try result.get()
    }

    private func firstInvalidUTF8(in bytes: UnsafeRawBufferPointer) -> Int {
        var decoder = UTF8()
        var iterator = unsafe bytes.makeIterator()
        var offset = 0
        while case .scalarValue(let scalar) = unsafe decoder.decode(&iterator) { offset += scalar.utf8.count }
        return offset
    }

    /// Whether the bytes are valid UTF-8. Node's `buffer.isUtf8`.
    public var isUTF8: Bool {
        unsafe bytes.withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) != nil }
    }

    /// Whether no byte is above 0x7F. Node's `buffer.isAscii`.
    public var isASCII: Bool {
        unsafe bytes.withUnsafeBytes { unsafe $0.allSatisfy { $0 < 0x80 } }
    }
}

extension String {
    /// Decodes the bytes as UTF-8; invalid UTF-8 is replaced by U+FFFD, as in Node.js.
    public init(decoding bytes: borrowing some ReadableBytes & ~Copyable) {
        self = bytes.text()
    }
}
