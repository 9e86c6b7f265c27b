/// Bytes that several owners read: copyable, `Sendable`, and sliced without copying.
///
/// Made from a ``Buffer`` by ``Buffer/share()``. Its memory returns to its pool when the last copy and the last slice
/// of it are dropped, on any thread.
///
/// ```swift
/// let message = buffer.share()
/// let header = message[0..<16]               // same memory, one more reference
/// for subscriber in subscribers { await subscriber.send(message) }
/// ```
///
/// A slice keeps the indices of the buffer that it was cut from, as in every Swift collection:
/// `message[4..<8].startIndex` is 4. ``init(rebasing:)`` makes it start at 0, as Node's `buf.subarray` does.
///
/// Up to 256 bytes are copied when they are shared, so that they do not retain a whole chunk; more are not copied. See
/// ``compacted()`` for slices that are kept for long.
@safe
@frozen
public struct SharedBuffer: @unchecked Sendable {
    // Unchecked: the bytes are never written while they are shared, and the storage is counted atomically.

    /// The owner of the memory; nil if there is no memory.
    @usableFromInline var storage: AnyObject?
    /// The address of index 0, which may lie before the first byte of this slice.
    @usableFromInline let origin: UnsafeRawPointer
    @usableFromInline let lowerBound: UInt32
    @usableFromInline let upperBound: UInt32

    init(storage: AnyObject?, origin: UnsafeRawPointer, lowerBound: UInt32, upperBound: UInt32) {
        self.storage = storage
        unsafe self.origin = origin
        self.lowerBound = lowerBound
        self.upperBound = upperBound
    }

    /// An empty buffer that holds no memory.
    public init() {
        unsafe self.init(storage: nil, origin: UnsafeRawPointer(Slice.empty.start), lowerBound: 0, upperBound: 0)
    }

    /// The address of the first byte.
    @inlinable
    var start: UnsafeRawPointer { unsafe origin + Int(lowerBound) }

    /// The bytes.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeStart: start, byteCount: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The bytes, as a span of elements.
    public var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let elements = unsafe start.assumingMemoryBound(to: UInt8.self)
            let span = unsafe Span(_unsafeStart: elements, count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}

extension Buffer {
    /// The bytes in a form that may be copied, cut and sent to other threads. Nothing can be appended while they are
    /// shared.
    ///
    /// Up to 256 bytes are copied, and the buffer's memory returns to its pool at once; more stay where they are.
    /// Either way it costs one object, which the last reference frees.
    public consuming func share() -> SharedBuffer {
        let slice = relinquish()
        guard slice.count > 0 else {
            slice.drop()
            return SharedBuffer()
        }
        if slice.count <= InlineStorage.maximumCount {
            let (storage, start) = unsafe InlineStorage.copying(slice.start, count: Int(slice.count))
            slice.drop()
            return unsafe SharedBuffer(storage: storage, origin: start, lowerBound: 0, upperBound: slice.count)
        }
        return unsafe SharedBuffer(
            storage: SharedStorage(slice),
            origin: UnsafeRawPointer(slice.start),
            lowerBound: 0,
            upperBound: slice.count
        )
    }
}
