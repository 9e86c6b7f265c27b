extension SharedBuffer {
    /// The bytes as a slice that holds its memory by itself, to be read only: what a connection queues for sending.
    ///
    /// Nothing is copied but the at most 256 bytes that lie in no pool. The caller drops the slice, once.
    package func lend() -> Slice {
        if let slices = lease as? SliceLease, let slice = unsafe slices.lend(from: start, count: count) { return slice }
        return Buffer.from(copying: bytes).relinquish()
    }
}
