extension Buffer {
    /// The initialised bytes, readable for as long as the buffer is not changed or given away.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeStart: slice.start, byteCount: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The initialised bytes, writable.
    public var mutableBytes: MutableRawSpan {
        @_lifetime(&self)
        mutating get {
            let span = unsafe MutableRawSpan(_unsafeStart: slice.start, byteCount: count)
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }

    /// The byte at `index`.
    ///
    /// - Precondition: `index` is from 0 to `count - 1`.
    public subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count, "the index is outside of the buffer")
        return unsafe slice.start.load(fromByteOffset: index, as: UInt8.self)
    }
}

extension String {
    /// The text whose UTF-8 the buffer holds; what is not valid UTF-8 is replaced by U+FFFD, as in Node.js.
    public init(decoding buffer: borrowing Buffer) {
        self = unsafe buffer.bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
