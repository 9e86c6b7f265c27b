extension Buffer {
    /// A buffer of memory that comes from elsewhere, without a copy. Node's `Buffer.from(arrayBuffer, …)`.
    ///
    /// All of `memory` counts as initialised. The buffer owns it from here on, and calls `deallocator` with it when
    /// the last reference to it is dropped: on this thread, or on the thread that drops it after this one's pool was
    /// closed. (What other threads drop comes home first: this
    /// one's pool looks for it with each buffer of its own memory that it makes, and an event loop in each iteration.)
    ///
    /// - Parameters:
    ///   - memory: at most 2,147,483,647 bytes. No other code writes to them from now on.
    ///   - deallocator: frees the memory. Called once, also for an empty memory.
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
