// Where a buffer's memory comes from. As in Node.js, a size below half of `poolSize` is a part of the pool's chunk, and
// a larger one gets memory of its own.
//
//                        size < poolSize / 2        else
//     allocUnsafe, from       part of the chunk       own memory
//     alloc, allocUnsafeSlow  own memory          own memory

extension Buffer {
    /// Room for `byteCount` bytes from the current thread's pool, none of them initialised: `count` is 0.
    ///
    /// As in Node.js, a size of less than half of ``BufferPool/poolSize`` is a part of the pool's chunk, and a larger
    /// one gets memory of its own. Unlike with Node's `allocUnsafe`, old content is never visible: append to the
    /// buffer, or fill it with ``append(initializingWith:)``.
    ///
    /// - Precondition: `byteCount` is from 0 to 2,147,483,647.
    @inlinable
    public static func allocUnsafe(_ byteCount: Int) -> Buffer {
        if let allocator = unsafe BumpAllocator.current, let slice = unsafe allocator.pointee.allocate(byteCount) {
            return Buffer(adopting: slice)
        }
        return Buffer(adopting: BufferPool.allocateSlowly(byteCount))
    }

    /// Room for `byteCount` bytes like ``allocUnsafe(_:)``, but within the pool's limit.
    ///
    /// - Throws: ``BufferPool/LimitReached`` when all of ``BufferPool/Configuration/maximumBytes`` is in use.
    /// - Precondition: `byteCount` is from 0 to 2,147,483,647.
    public static func allocWithinLimit(_ byteCount: Int) throws(BufferPool.LimitReached) -> Buffer {
        let slice = BufferPool.withCurrent { $0.allocateWithinLimit(byteCount) }
        guard let slice else { throw BufferPool.LimitReached() }
        return Buffer(adopting: slice)
    }

    /// Room for `byteCount` bytes in memory of its own, none of them initialised. Never pooled, as in Node.js. Use it
    /// for bytes that are kept for long, which would otherwise retain a whole chunk.
    ///
    /// - Precondition: `byteCount` is from 0 to 2,147,483,647.
    public static func allocUnsafeSlow(_ byteCount: Int) -> Buffer {
        Buffer(adopting: BufferPool.withCurrent { $0.allocateDedicated(byteCount) })
    }

    /// A buffer of `byteCount` bytes, all of them `fill`. Never pooled, as in Node.js.
    ///
    /// - Precondition: `byteCount` is from 0 to 2,147,483,647.
    public static func alloc(_ byteCount: Int, fill: UInt8 = 0) -> Buffer {
        var buffer = Buffer.allocUnsafeSlow(byteCount)
        buffer.append(repeating: fill, count: byteCount)
        return buffer
    }

    /// A buffer of `byteCount` bytes filled with repetitions of the text's UTF-8. Never pooled, as in Node.js.
    ///
    /// - Precondition: `byteCount` is from 0 to 2,147,483,647.
    public static func alloc(_ byteCount: Int, fill: String) -> Buffer {
        var buffer = Buffer.alloc(byteCount)
        buffer.fill(fill)
        return buffer
    }

    /// A pooled copy of the string's UTF-8.
    public static func from(_ string: String) -> Buffer {
        var buffer = Buffer.allocUnsafe(string.utf8.count)
        buffer.append(string)
        return buffer
    }

    /// A pooled copy of the bytes.
    public static func from(copying bytes: RawSpan) -> Buffer {
        var buffer = Buffer.allocUnsafe(bytes.byteCount)
        buffer.append(copying: bytes)
        return buffer
    }

    /// A pooled copy of the bytes, for example of an array's `span`.
    public static func from(copying bytes: Span<UInt8>) -> Buffer {
        unsafe from(copying: bytes.bytes)
    }

    /// A pooled copy of a collection's bytes.
    public static func from(_ bytes: some Collection<UInt8>) -> Buffer {
        var buffer = Buffer.allocUnsafe(bytes.count)
        let copied: Void? = bytes.withContiguousStorageIfAvailable { bytes in
            unsafe buffer.append(copying: RawSpan(_unsafeElements: bytes))
        }
        if copied == nil {
            for byte in bytes { buffer.append(byte) }
        }
        return buffer
    }

    /// Creates a buffer with room for `capacity` bytes: ``allocUnsafe(_:)`` under its Swift name.
    ///
    /// - Precondition: `capacity` is from 0 to 2,147,483,647.
    @inlinable
    public init(capacity: Int) {
        self = .allocUnsafe(capacity)
    }

    /// Concatenates the shared buffers. Node's `Buffer.concat(list, totalLength)`: with a `count`, the result is
    /// truncated or padded with zeros.
    ///
    /// Do not join buffers to send them: write one after the other, and the loop sends them with one vectored send.
    ///
    /// - Precondition: the sum of the counts, or `count`, is from 0 to 2,147,483,647.
    public init(concatenating parts: some Collection<SharedBuffer>, count: Int? = nil) {
        let count = count ?? parts.reduce(0) { $0 + $1.count }
        self = .allocUnsafe(count)
        for part in parts where freeCapacity > 0 {
            append(copying: part.bytes.extracting(first: freeCapacity))
        }
        append(repeating: 0, count: count - self.count)
    }
}
