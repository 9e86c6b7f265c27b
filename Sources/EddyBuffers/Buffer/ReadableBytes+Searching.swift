internal import Glibc

extension ReadableBytes where Self: ~Copyable {
    /// The position of the first `byte` at or after `start`, or nil. Node's `buf.indexOf`.
    ///
    /// A `start` before the first byte means the first byte, and a `start` after the last byte finds nothing: a parser
    /// may pass any position.
    public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        let (bytes, first) = (bytes, startIndex)
        let skipped = max(start, first) - first
        return unsafe bytes.withUnsafeBytes { bytes -> Int? in
            guard let base = bytes.baseAddress, bytes.count > skipped else { return nil }
            guard let found = unsafe memchr(base + skipped, Int32(byte), bytes.count - skipped) else { return nil }
            return unsafe first + (UnsafeRawPointer(found) - base)
        }
    }

    /// The position of the last `byte`, or nil. Node's `buf.lastIndexOf`.
    public func lastIndex(of byte: UInt8) -> Int? {
        let (bytes, first) = (bytes, startIndex)
        return unsafe bytes.withUnsafeBytes { unsafe $0.lastIndex(of: byte) }.map { first + $0 }
    }

    /// The position of the first `sequence` at or after `start`, or nil. An empty sequence is found at `start`, unless
    /// that lies after the end.
    ///
    /// The worst-case time is the product of both sizes: search for sequences that the program chose, not for long ones
    /// that a peer chose.
    public func firstIndex(of sequence: RawSpan, from start: Int = 0) -> Int? {
        let (bytes, first) = (bytes, startIndex)
        let skipped = max(start, first) - first
        guard skipped <= bytes.byteCount else { return nil }
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe sequence.withUnsafeBytes { sequence -> Int? in
                guard let wanted = sequence.baseAddress, sequence.count > 0 else { return first + skipped }
                guard let base = bytes.baseAddress else { return nil }
                // Goes from one occurrence of the first byte to the next, up to the last possible position.
                var next = skipped
                while next <= bytes.count - sequence.count {
                    let candidates = bytes.count - sequence.count + 1 - next
                    let found = unsafe memchr(base + next, Int32(sequence[0]), candidates)
                    guard let found = unsafe found else { return nil }
                    if unsafe memcmp(found, wanted, sequence.count) == 0 {
                        return unsafe first + (UnsafeRawPointer(found) - base)
                    }
                    next = unsafe UnsafeRawPointer(found) - base + 1
                }
                return nil
            }
        }
    }

    /// The position of the last `sequence`, or nil. An empty sequence is found after the last byte.
    public func lastIndex(of sequence: RawSpan) -> Int? {
        let (bytes, first) = (bytes, startIndex)
        guard sequence.byteCount <= bytes.byteCount else { return nil }
        let place = unsafe bytes.withUnsafeBytes { bytes in
            unsafe sequence.withUnsafeBytes { sequence -> Int? in
                guard let wanted = sequence.baseAddress, sequence.count > 0, let base = bytes.baseAddress else {
                    return bytes.count
                }
                return stride(from: bytes.count - sequence.count, through: 0, by: -1).first { place in
                    unsafe memcmp(base + place, wanted, sequence.count) == 0
                }
            }
        }
        return place.map { first + $0 }
    }

    /// The position of the first occurrence of the text's UTF-8 at or after `start`, or nil.
    public func firstIndex(of text: String, from start: Int = 0) -> Int? {
        var text = text
        return text.withUTF8 { utf8 in unsafe firstIndex(of: RawSpan(_unsafeElements: utf8), from: start) }
    }

    /// The position of the last occurrence of the text's UTF-8, or nil.
    public func lastIndex(of text: String) -> Int? {
        var text = text
        return text.withUTF8 { utf8 in unsafe lastIndex(of: RawSpan(_unsafeElements: utf8)) }
    }

    /// Whether `byte` occurs. Node's `buf.includes`.
    public func contains(_ byte: UInt8) -> Bool { firstIndex(of: byte) != nil }

    /// Whether the sequence of bytes occurs. Node's `buf.includes`.
    public func contains(_ sequence: RawSpan) -> Bool { firstIndex(of: sequence) != nil }

    /// Whether the text's UTF-8 occurs. Node's `buf.includes`.
    public func contains(_ text: String) -> Bool { firstIndex(of: text) != nil }

    /// The first position in `other` whose byte differs from the one here, where `other` is placed at `position`; nil
    /// if all bytes are equal.
    ///
    /// - Parameters:
    ///   - other: the bytes to compare with.
    ///   - position: where in these bytes to start comparing; at the first byte by default.
    /// - Precondition: there are at least as many bytes from `position` on as in `other`.
    public func firstDifference(from other: Span<UInt8>, at position: Int? = nil) -> Int? {
        let bytes = bytes
        let offset = position.map { $0 - startIndex } ?? 0
        require(
            offset >= 0 && offset <= bytes.byteCount && other.count <= bytes.byteCount - offset,
            "the comparison must stay within the bytes"
        )
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe other.withUnsafeBytes { other -> Int? in
                guard let wanted = other.baseAddress, let base = bytes.baseAddress, other.count > 0 else { return nil }
                if unsafe memcmp(base + offset, wanted, other.count) == 0 { return nil }
                return other.indices.first { unsafe other[$0] != bytes[offset + $0] }
            }
        }
    }
}
