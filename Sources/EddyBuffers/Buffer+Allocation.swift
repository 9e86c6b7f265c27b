extension Buffer {
    /// Room for `byteCount` bytes from the current thread's pool, none of them initialised: `count` is 0.
    ///
    /// As in Node.js, a size of less than half of ``BufferPool/poolSize`` is carved from the pool's chunk, and a
    /// larger one gets memory of its own. Unlike Node's `allocUnsafe` the old content cannot be seen: append to
    /// the buffer, or fill it with ``append(initializingWith:)``.
    ///
    /// - Precondition: `byteCount` is from 0 to 2,147,483,647.
    public static func allocUnsafe(_ byteCount: Int) -> Buffer {
        BufferPool.current.allocate(byteCount)
    }

    /// A buffer of `byteCount` bytes, all of them `fill`. Never pooled, as in Node.js.
    ///
    /// - Precondition: `byteCount` is from 0 to 2,147,483,647.
    public static func alloc(_ byteCount: Int, fill: UInt8 = 0) -> Buffer {
        var buffer = BufferPool.current.allocateDedicated(byteCount)
        buffer.append(repeating: fill, count: byteCount)
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
}
