/// A range of a chunk, and one reference to that chunk: what travels between kernel, loop and queues.
///
/// It is trivial, so that it can lie in tables and be copied without cost; whoever holds it last calls `drop` once.
/// ``Buffer`` is its safe face, which does so in its `deinit`.
@safe
package struct Slice {
    /// Nil for the empty slice that belongs to no chunk.
    package var chunk: Chunk?
    package var start: UnsafeMutableRawPointer
    /// Initialised bytes from `start`.
    package var count: UInt32
    /// Bytes from `start` that belong to this slice alone.
    package var capacity: UInt32

    @inline(__always)
    package init(chunk: Chunk, start: UnsafeMutableRawPointer, count: UInt32, capacity: UInt32) {
        self.chunk = chunk
        unsafe self.start = start
        self.count = count
        self.capacity = capacity
    }

    private init() {
        chunk = nil
        // An address that is never read: the slice has no bytes. It is not null, so that spans accept it.
        unsafe start = UnsafeMutableRawPointer(bitPattern: 16).unsafelyUnwrapped
        count = 0
        capacity = 0
    }

    /// The slice of no bytes, which holds no memory.
    package static var empty: Slice { Slice() }

    /// The address behind the last initialised byte.
    package var end: UnsafeMutableRawPointer { unsafe start + Int(count) }

    /// Returns the reference on the pool's own thread.
    @inline(__always)
    package func dropOnOwnerThread() {
        chunk?.releaseOnOwnerThread()
    }

    /// Returns the reference on whatever thread this is.
    @inline(__always)
    package func drop() {
        chunk?.release()
    }

    /// Forgets the first `byteCount` bytes, which stay reserved until the chunk is recycled.
    package mutating func removeFirst(_ byteCount: Int) {
        precondition(byteCount >= 0 && byteCount <= Int(count), "a slice holds only its own bytes")
        unsafe start += byteCount
        count -= UInt32(byteCount)
        capacity -= UInt32(byteCount)
    }

    /// Takes over `other`'s bytes if they lie right behind this slice's, in the same chunk; says whether it did.
    ///
    /// `other`'s reference is returned then: the merged slice needs one only. Owner thread only.
    package mutating func merge(_ other: Slice) -> Bool {
        guard let chunk, chunk == other.chunk, unsafe end == other.start, capacity == count else { return false }
        count += other.count
        capacity = count + (other.capacity - other.count)
        // This slice keeps its own reference, so the chunk cannot become free here.
        chunk.releaseOnOwnerThread()
        return true
    }
}
