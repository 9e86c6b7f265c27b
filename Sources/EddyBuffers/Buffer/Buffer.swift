/// Bytes in a slice of a pool, with one owner.
///
/// A buffer is not copyable: its one owner may read and write it, and no other code can. When it is dropped, its memory
/// returns to the pool, with one plain addition on the pool's own thread and one atomic addition on any other. A buffer
/// costs as much as a local variable: no object, no reference count, no `malloc`.
///
/// ```swift
/// var reply = Buffer.allocUnsafe(64)      // room for 64 bytes, none of them initialised yet
/// reply.append("HTTP/1.1 204 No Content\r\n\r\n")
/// try await connection.write(reply)       // consumed; back in the pool once the kernel has taken it
/// ```
///
/// A buffer has `count` initialised bytes and room for `capacity`. Safe code sees initialised bytes only, so bytes that
/// earlier users left in the memory are never visible.
///
/// A buffer is not `Sendable`. It may be transferred to another thread as a whole (`sending`), and may then be dropped
/// there.
@frozen
public struct Buffer: ~Copyable {
    @usableFromInline
    package var slice: Slice

    /// Takes over a slice and its reference.
    @inlinable
    @inline(__always)
    package init(adopting slice: Slice) {
        self.slice = slice
    }

    /// An empty buffer that holds no memory.
    @inlinable
    public init() {
        slice = .empty
    }

    @inlinable
    deinit {
        slice.drop()
    }

    /// Gives up the slice with its reference: the caller must drop it once.
    @inlinable
    @inline(__always)
    package consuming func relinquish() -> Slice {
        let slice = slice
        discard self
        return slice
    }

    /// Initialised bytes.
    @inlinable
    public var count: Int { Int(slice.count) }

    /// Whether there is no initialised byte.
    @inlinable
    public var isEmpty: Bool { slice.count == 0 }

    /// Bytes that the buffer has room for, the initialised ones included.
    @inlinable
    public var capacity: Int { Int(slice.capacity) }

    /// Bytes that can still be appended.
    @inlinable
    public var freeCapacity: Int { Int(slice.capacity - slice.count) }
}
