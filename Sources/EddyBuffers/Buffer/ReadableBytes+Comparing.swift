internal import Glibc

extension ReadableBytes where Self: ~Copyable {
    /// Whether both hold the same bytes. Node's `buf.equals`.
    public func equals(_ other: borrowing some ReadableBytes & ~Copyable) -> Bool {
        equals(other.bytes)
    }

    /// Whether these are the same bytes.
    public func equals(_ other: RawSpan) -> Bool {
        bytes.byteCount == other.byteCount && compare(to: other) == 0
    }

    /// -1, 0 or 1: whether these bytes sort before `other`'s, are equal, or sort after them. Node's `buf.compare` and
    /// `Buffer.compare`.
    ///
    /// Bytes are compared one by one as unsigned numbers; a proper prefix sorts first.
    public func compare(to other: borrowing some ReadableBytes & ~Copyable) -> Int {
        compare(to: other.bytes)
    }

    /// -1, 0 or 1: how these bytes sort relative to `other`.
    public func compare(to other: RawSpan) -> Int {
        let own = bytes
        let common = min(own.byteCount, other.byteCount)
        let order = unsafe own.withUnsafeBytes { own in
            unsafe other.withUnsafeBytes { other in
                guard common > 0, let left = own.baseAddress, let right = other.baseAddress else { return Int32(0) }
                return unsafe memcmp(left, right, common)
            }
        }
        return order != 0 ? Int(order.signum()) : (own.byteCount - other.byteCount).signum()
    }
}
