/// A range of a chunk with one reference to that chunk: the unit that kernel, loop and queues pass on.
///
/// It is trivial, so that tables can hold it and copies cost nothing; its last holder must call `drop` once. ``Buffer``
/// is the safe wrapper, whose `deinit` does that.
@safe
@usableFromInline
package struct Slice {
    /// Nil for the empty slice that belongs to no chunk.
    @usableFromInline
    package var chunk: Chunk?
    #if DEBUG
    @usableFromInline
    var address: UnsafeMutableRawPointer
    /// The generation of the chunk that this is a slice of.
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
        // An address that is never accessed: the slice has no bytes. It is not null, so spans accept it.
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

    /// The empty slice, which holds no memory.
    @inlinable
    package static var empty: Slice { Slice() }

    /// The address after the last initialised byte.
    @inlinable
    package var end: UnsafeMutableRawPointer { unsafe start + Int(count) }

    #if DEBUG
    /// Traps for a slice whose chunk has been recycled: it has been dropped already.
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

    /// Returns the reference on any thread.
    @inlinable
    @inline(__always)
    package func drop() {
        #if DEBUG
        requireCurrentGeneration()
        #endif
        chunk?.release(byteCount: capacity)
    }

    /// Drops the first `byteCount` bytes, which stay reserved until the chunk is recycled.
    @inlinable
    package mutating func removeFirst(_ byteCount: Int) {
        require(byteCount >= 0 && byteCount <= Int(count), "a slice holds only its own bytes")
        unsafe start += byteCount
        count -= UInt32(byteCount)
        capacity -= UInt32(byteCount)
    }

    /// Takes over `other`'s bytes if they directly follow this slice's in the same chunk; returns whether it did.
    ///
    /// In that case `other`'s reference is returned: the merged slice needs only one. The chunk may be another
    /// thread's.
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
