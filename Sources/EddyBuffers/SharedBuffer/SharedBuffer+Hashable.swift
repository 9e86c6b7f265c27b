extension SharedBuffer: Hashable {
    /// Whether both hold the same bytes, regardless of their memory and indices.
    public static func == (left: SharedBuffer, right: SharedBuffer) -> Bool {
        left.elementsEqual(right.bytes)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
}

extension SharedBuffer: Comparable {
    /// Whether the bytes of `left` sort before those of `right`: one by one as unsigned numbers, and a proper prefix
    /// first. Node's `buf.compare`.
    public static func < (left: SharedBuffer, right: SharedBuffer) -> Bool {
        left.lexicographicallyPrecedes(right.bytes)
    }
}

extension SharedBuffer: CustomStringConvertible {
    /// The length and the first 16 bytes in hexadecimal: `SharedBuffer(5 bytes: 68 65 6c 6c 6f)`. Never the whole.
    public var description: String { bytes.summary(typeName: "SharedBuffer") }
}
