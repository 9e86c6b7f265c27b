internal import Glibc

// Bytes are compared one by one as unsigned numbers; a proper prefix sorts first.

extension ReadableBytes where Self: ~Copyable {
    /// Whether these bytes are the same as `other`.
    public func elementsEqual(_ other: RawSpan) -> Bool {
        bytes.byteCount == other.byteCount && order(relativeTo: other) == 0
    }

    /// Whether these bytes sort before `other`.
    ///
    /// Bytes are compared one by one as unsigned numbers; a proper prefix sorts first.
    public func lexicographicallyPrecedes(_ other: RawSpan) -> Bool {
        order(relativeTo: other) < 0
    }

    /// A negative number, 0 or a positive number: these bytes sort before `other`, are equal, or sort after it.
    private func order(relativeTo other: RawSpan) -> Int {
        let own = bytes
        let common = min(own.byteCount, other.byteCount)
        let order = unsafe own.withUnsafeBytes { own in
            unsafe other.withUnsafeBytes { other in
                guard common > 0, let left = own.baseAddress, let right = other.baseAddress else { return Int32(0) }
                return unsafe memcmp(left, right, common)
            }
        }
        return order != 0 ? Int(order) : own.byteCount - other.byteCount
    }
}

extension Buffer {
    /// Whether both hold the same bytes, regardless of their capacities. Node's `buf.equals`.
    public static func == (left: borrowing Buffer, right: borrowing Buffer) -> Bool {
        left.elementsEqual(right.bytes)
    }

    /// Whether the buffers hold different bytes.
    public static func != (left: borrowing Buffer, right: borrowing Buffer) -> Bool {
        !left.elementsEqual(right.bytes)
    }

    /// Whether the bytes of `left` sort before those of `right`: one by one as unsigned numbers, and a proper prefix
    /// first. Node's `buf.compare`.
    public static func < (left: borrowing Buffer, right: borrowing Buffer) -> Bool {
        left.lexicographicallyPrecedes(right.bytes)
    }

    /// Whether the bytes of `left` sort after those of `right`.
    public static func > (left: borrowing Buffer, right: borrowing Buffer) -> Bool {
        right.lexicographicallyPrecedes(left.bytes)
    }
}
