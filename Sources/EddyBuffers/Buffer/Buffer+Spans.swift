extension Buffer {
    /// The initialised bytes, readable for as long as the buffer is not changed or given away.
    public var bytes: RawSpan {
        @inlinable
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeStart: slice.start, byteCount: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The initialised bytes, writable.
    public var mutableBytes: MutableRawSpan {
        @inlinable
        @_lifetime(&self)
        mutating get {
            let span = unsafe MutableRawSpan(_unsafeStart: slice.start, byteCount: count)
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }

    /// The byte at `index`.
    ///
    /// - Precondition: `index` is from 0 to `count - 1`.
    @inlinable
    public subscript(index: Int) -> UInt8 {
        require(index >= 0 && index < count, "the index is outside of the buffer")
        return unsafe slice.start.load(fromByteOffset: index, as: UInt8.self)
    }
}

extension Buffer {
    /// The length and the first 16 bytes in hexadecimal: `Buffer(5 bytes: 68 65 6c 6c 6f)`. Never the whole.
    public var description: String { bytes.summary(typeName: "Buffer") }
}
