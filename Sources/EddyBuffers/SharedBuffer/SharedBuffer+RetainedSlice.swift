extension SharedBuffer {
    /// The bytes as a read-only slice with a reference of its own, which a connection queues for sending.
    ///
    /// Nothing is copied, except for up to 256 bytes that lie in no pool. The caller must drop the slice once.
    package func retainedSlice() -> Slice {
        if let slices = storage as? SharedStorage, let slice = unsafe slices.retainedSlice(from: start, count: count) {
            return slice
        }
        return Buffer.from(copying: bytes).relinquish()
    }
}
