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
        bytes.unsafeLoadByte(at: index)
    }

    /// Where `byte` first stands at or behind `start`, or nil.
    public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        precondition(start >= 0 && start <= count, "the search must start within the buffer")
        let bytes = bytes
        for index in start..<count where bytes.unsafeLoadByte(at: index) == byte { return index }
        return nil
    }
}

extension RawSpan {
    /// The byte at `offset`, which is checked.
    fileprivate func unsafeLoadByte(at offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < byteCount, "the index is outside of the buffer")
        return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }
}

extension String {
    /// The text whose UTF-8 the buffer holds; what is not valid UTF-8 is replaced by U+FFFD, as in Node.js.
    public init(decoding buffer: borrowing Buffer) {
        self = unsafe buffer.bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
