extension Buffer {
    /// Wraps memory that was allocated elsewhere, without a copy. Node's `Buffer.from(arrayBuffer, …)`.
    ///
    /// All of `memory` counts as initialised. From here on the buffer owns it. When the last reference is dropped,
    /// `deallocator` is called with the memory: on this thread, or, once this thread's pool is closed, on the thread
    /// that drops the reference. (References that other threads drop are returned to this pool first. The pool collects
    /// them whenever it creates a buffer with memory of its own, and an event loop collects them in each iteration.)
    ///
    /// - Parameters:
    ///   - memory: at most 2,147,483,647 bytes. No other code may write to them from now on.
    ///   - deallocator: frees the memory. Called once, even if the memory is empty.
    @unsafe
    public static func adopting(
        _ memory: UnsafeMutableRawBufferPointer,
        deallocator: @escaping @Sendable (UnsafeMutableRawBufferPointer) -> Void
    ) -> Buffer {
        guard let base = memory.baseAddress, memory.count > 0 else {
            unsafe deallocator(memory)
            return Buffer()
        }
        var slice = BufferPool.withCurrent { pool in
            unsafe pool.adopt(base, byteCount: memory.count, deallocator: BufferPool.Deallocator(free: deallocator))
        }
        slice.count = slice.capacity
        return Buffer(adopting: slice)
    }
}
