internal import Glibc

extension Buffer {
    /// Appends a copy of `bytes`.
    ///
    /// - Precondition: `bytes.byteCount` is at most ``freeCapacity``: a buffer never moves and never grows.
    public mutating func append(copying bytes: RawSpan) {
        let byteCount = bytes.byteCount
        require(byteCount <= freeCapacity, "the buffer has no room for these bytes; allocate a larger one")
        guard byteCount > 0 else { return }
        unsafe bytes.withUnsafeBytes { source in
            _ = unsafe memcpy(slice.end, source.baseAddress.unsafelyUnwrapped, byteCount)
        }
        slice.count += UInt32(byteCount)
    }

    /// Appends a copy of `bytes`, for example of an array's `span`.
    ///
    /// - Precondition: `bytes.count` is at most ``freeCapacity``.
    public mutating func append(copying bytes: Span<UInt8>) {
        unsafe append(copying: bytes.bytes)
    }

    /// Appends the string's UTF-8.
    ///
    /// - Precondition: the UTF-8 fits into ``freeCapacity``.
    public mutating func append(_ string: String) {
        var string = string
        string.withUTF8 { utf8 in unsafe append(copying: RawSpan(_unsafeElements: utf8)) }
    }

    /// Appends `count` bytes of value `byte`.
    ///
    /// - Precondition: `count` is from 0 to ``freeCapacity``.
    public mutating func append(repeating byte: UInt8, count: Int) {
        require(count >= 0 && count <= freeCapacity, "the buffer has no room for these bytes")
        unsafe memset(slice.end, Int32(byte), count)
        slice.count += UInt32(count)
    }

    /// Lets `body` initialise bytes in the free capacity, through a span that tracks how many it has written.
    ///
    /// The bytes that `body` has appended to the span when it returns or throws belong to the buffer.
    public mutating func append<Failure: Error>(
        initializingWith body: (inout OutputRawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        let free = unsafe UnsafeMutableRawBufferPointer(start: slice.end, count: freeCapacity)
        var span = unsafe OutputRawSpan(buffer: free, initializedCount: 0)
        defer {
            slice.count += UInt32(unsafe span.finalize(for: free))
            span = OutputRawSpan()
        }
        try body(&span)
    }
}
