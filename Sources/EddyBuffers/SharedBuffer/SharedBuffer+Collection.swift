extension SharedBuffer: RandomAccessCollection {
    public typealias Index = Int
    public typealias Element = UInt8
    public typealias SubSequence = SharedBuffer

    @inlinable public var startIndex: Int { Int(lowerBound) }
    @inlinable public var endIndex: Int { Int(upperBound) }
    @inlinable public var count: Int { Int(upperBound - lowerBound) }
    @inlinable public var isEmpty: Bool { lowerBound == upperBound }

    /// The byte at `position`.
    ///
    /// - Precondition: `position` is one of `indices`.
    @inlinable
    public subscript(position: Int) -> UInt8 {
        require(position >= startIndex && position < endIndex, "the index is outside of the shared buffer")
        return unsafe origin.load(fromByteOffset: position, as: UInt8.self)
    }

    /// The same memory, cut to `bounds`, with one more reference. Indices stay the same.
    ///
    /// - Precondition: `bounds` lies within `indices`.
    public subscript(bounds: Range<Int>) -> SharedBuffer {
        require(
            bounds.lowerBound >= startIndex && bounds.upperBound <= endIndex,
            "the range is outside of the shared buffer"
        )
        guard !bounds.isEmpty else {
            let bound = UInt32(bounds.lowerBound)
            return unsafe SharedBuffer(storage: nil, origin: origin, lowerBound: bound, upperBound: bound)
        }
        return unsafe SharedBuffer(
            storage: storage,
            origin: origin,
            lowerBound: UInt32(bounds.lowerBound),
            upperBound: UInt32(bounds.upperBound)
        )
    }

    /// The same memory as `slice`, with indices that start at 0.
    ///
    /// `SharedBuffer(rebasing: buffer[start..<end])` is Node's `buf.subarray(start, end)`, except that a range outside
    /// of the bytes traps.
    public init(rebasing slice: SharedBuffer) {
        unsafe self.init(
            storage: slice.storage,
            origin: slice.start,
            lowerBound: 0,
            upperBound: slice.upperBound - slice.lowerBound
        )
    }

    /// Whether `byte` occurs. Node's `buf.includes`.
    public func contains(_ byte: UInt8) -> Bool { firstIndex(of: byte, from: startIndex) != nil }

    public func withContiguousStorageIfAvailable<Result>(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result? {
        let elements = unsafe start.assumingMemoryBound(to: UInt8.self)
        defer { extendLifetime(self) }
        return try unsafe body(UnsafeBufferPointer(start: elements, count: count))
    }
}
