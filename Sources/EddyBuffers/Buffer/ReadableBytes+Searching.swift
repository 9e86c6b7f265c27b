internal import Glibc

// Places are counted from the first byte, also in a `SharedBuffer` whose indices start elsewhere.

extension ReadableBytes where Self: ~Copyable {
    /// Where `byte` first stands at or behind `start`, or nil. Node's `buf.indexOf`.
    ///
    /// - Precondition: `start` is from 0 to the number of bytes.
    public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        let bytes = bytes
        precondition(start >= 0 && start <= bytes.byteCount, "the search must start within the bytes")
        return unsafe bytes.withUnsafeBytes { bytes -> Int? in
            guard let base = bytes.baseAddress, bytes.count > start else { return nil }
            guard let found = unsafe memchr(base + start, Int32(byte), bytes.count - start) else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }

    /// Where `byte` last stands, or nil. Node's `buf.lastIndexOf`.
    public func lastIndex(of byte: UInt8) -> Int? {
        unsafe bytes.withUnsafeBytes { unsafe $0.lastIndex(of: byte) }
    }

    /// Where `sequence` first starts at or behind `start`, or nil. An empty sequence is found at `start`.
    ///
    /// Takes a time that grows with both sizes in the worst case: search for what the program chose, not for long
    /// sequences that a peer did.
    ///
    /// - Precondition: `start` is from 0 to the number of bytes.
    public func firstIndex(of sequence: RawSpan, from start: Int = 0) -> Int? {
        let bytes = bytes
        precondition(start >= 0 && start <= bytes.byteCount, "the search must start within the bytes")
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe sequence.withUnsafeBytes { sequence -> Int? in
                guard let wanted = sequence.baseAddress, sequence.count > 0 else { return start }
                guard let base = bytes.baseAddress else { return nil }
                // From one occurrence of its first byte to the next, up to its last possible place.
                var next = start
                while next <= bytes.count - sequence.count {
                    let candidates = bytes.count - sequence.count + 1 - next
                    let found = unsafe memchr(base + next, Int32(sequence[0]), candidates)
                    guard let found = unsafe found else { return nil }
                    if unsafe memcmp(found, wanted, sequence.count) == 0 {
                        return unsafe UnsafeRawPointer(found) - base
                    }
                    next = unsafe UnsafeRawPointer(found) - base + 1
                }
                return nil
            }
        }
    }

    /// Where `sequence` last starts, or nil. An empty sequence is found behind the last byte.
    public func lastIndex(of sequence: RawSpan) -> Int? {
        let bytes = bytes
        guard sequence.byteCount <= bytes.byteCount else { return nil }
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe sequence.withUnsafeBytes { sequence -> Int? in
                guard let wanted = sequence.baseAddress, sequence.count > 0, let base = bytes.baseAddress else {
                    return bytes.count
                }
                return stride(from: bytes.count - sequence.count, through: 0, by: -1).first { place in
                    unsafe memcmp(base + place, wanted, sequence.count) == 0
                }
            }
        }
    }

    /// Where the text's UTF-8 first starts at or behind `start`, or nil.
    ///
    /// - Precondition: `start` is from 0 to the number of bytes.
    public func firstIndex(of text: String, from start: Int = 0) -> Int? {
        var text = text
        return text.withUTF8 { utf8 in unsafe firstIndex(of: RawSpan(_unsafeElements: utf8), from: start) }
    }

    /// Where the text's UTF-8 last starts, or nil.
    public func lastIndex(of text: String) -> Int? {
        var text = text
        return text.withUTF8 { utf8 in unsafe lastIndex(of: RawSpan(_unsafeElements: utf8)) }
    }

    /// Whether `byte` occurs. Node's `buf.includes`.
    public func includes(_ byte: UInt8) -> Bool { firstIndex(of: byte) != nil }

    /// Whether the bytes occur one behind the other. Node's `buf.includes`.
    public func includes(_ sequence: RawSpan) -> Bool { firstIndex(of: sequence) != nil }

    /// Whether the text's UTF-8 occurs. Node's `buf.includes`.
    public func includes(_ text: String) -> Bool { firstIndex(of: text) != nil }

    /// Where the bytes from `offset` on first differ from `other`, counted from `offset`; nil where they do not.
    ///
    /// - Precondition: there are at least as many bytes behind `offset` as in `other`.
    public func firstDifference(from other: Span<UInt8>, at offset: Int = 0) -> Int? {
        let bytes = bytes
        precondition(
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
