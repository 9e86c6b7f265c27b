/// A range of a chunk, and one reference to that chunk: what travels between kernel, loop and queues.
///
/// It is trivial, so that it can lie in tables and be copied without cost; whoever holds it last calls `drop` once.
/// ``Buffer`` is its safe face, which does so in its `deinit`.
@safe
@usableFromInline
package struct Slice {
    /// Nil for the empty slice that belongs to no chunk.
    @usableFromInline
    package var chunk: Chunk?
    #if DEBUG
    @usableFromInline
    var address: UnsafeMutableRawPointer
    /// The chunk's generation that this is a slice of.
    @usableFromInline
    let generation: UInt32
    /// The first byte. A debug build checks at each access that the chunk has not been recycled since.
    @inlinable
    package var start: UnsafeMutableRawPointer {
        get {
            requireCurrentGeneration()
            return unsafe address
        }
        set { unsafe address = newValue }
    }
    #else
    /// The first byte.
    @usableFromInline
    package var start: UnsafeMutableRawPointer
    #endif
    /// Initialised bytes from `start`.
    @usableFromInline
    package var count: UInt32
    /// Bytes from `start` that belong to this slice alone.
    @usableFromInline
    package var capacity: UInt32

    @inlinable
    @inline(__always)
    package init(chunk: Chunk, start: UnsafeMutableRawPointer, count: UInt32, capacity: UInt32) {
        self.chunk = chunk
        #if DEBUG
        unsafe address = start
        unsafe generation = chunk.state.pointee.generation
        #else
        unsafe self.start = start
        #endif
        self.count = count
        self.capacity = capacity
    }

    @inlinable
    init() {
        chunk = nil
        // An address that is never read: the slice has no bytes. It is not null, so that spans accept it.
        let nowhere = unsafe UnsafeMutableRawPointer(bitPattern: 16).unsafelyUnwrapped
        #if DEBUG
        unsafe address = nowhere
        generation = 0
        #else
        unsafe start = nowhere
        #endif
        count = 0
        capacity = 0
    }

    /// The slice of no bytes, which holds no memory.
    @inlinable
    package static var empty: Slice { Slice() }

    /// The address behind the last initialised byte.
    @inlinable
    package var end: UnsafeMutableRawPointer { unsafe start + Int(count) }

    #if DEBUG
    /// Traps for a slice whose chunk has been recycled: somebody has dropped it already.
    @usableFromInline
    func requireCurrentGeneration() {
        guard let chunk else { return }
        require(
            unsafe chunk.state.pointee.generation == generation,
            "a slice is used after it was dropped: its chunk has been recycled since"
        )
    }
    #endif

    /// Returns the reference on the pool's own thread.
    @inlinable
    @inline(__always)
    package func dropOnOwnerThread() {
        #if DEBUG
        requireCurrentGeneration()
        #endif
        chunk?.releaseOnOwnerThread(byteCount: capacity)
    }

    /// Returns the reference on whatever thread this is.
    @inlinable
    @inline(__always)
    package func drop() {
        #if DEBUG
        requireCurrentGeneration()
        #endif
        chunk?.release(byteCount: capacity)
    }

    /// Forgets the first `byteCount` bytes, which stay reserved until the chunk is recycled.
    @inlinable
    package mutating func removeFirst(_ byteCount: Int) {
        require(byteCount >= 0 && byteCount <= Int(count), "a slice holds only its own bytes")
        unsafe start += byteCount
        count -= UInt32(byteCount)
        capacity -= UInt32(byteCount)
    }

    /// Takes over `other`'s bytes if they lie right behind this slice's, in the same chunk; says whether it did.
    ///
    /// `other`'s reference is returned then: the merged slice needs one only. The chunk may be another thread's.
    @inlinable
    package mutating func merge(_ other: Slice) -> Bool {
        guard let chunk, chunk == other.chunk, unsafe end == other.start, capacity == count else { return false }
        count += other.count
        capacity = count + (other.capacity - other.count)
        // This slice keeps its own reference, so the chunk cannot become free here. It keeps the bytes, too.
        chunk.release(byteCount: 0)
        return true
    }
}
