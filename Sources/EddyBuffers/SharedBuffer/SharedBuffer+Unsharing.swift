extension SharedBuffer {
    /// The bytes in unique form: the memory itself if this was the last reference to it, otherwise a pooled copy.
    ///
    /// If the memory is taken over, what follows the bytes becomes free capacity.
    public consuming func unshare() -> Buffer {
        if let buffer = takeIfUnique() { return buffer }
        return Buffer.from(copying: bytes)
    }

    /// Takes the memory over if this is the last reference to it, and leaves an empty buffer; otherwise returns nil,
    /// and nothing has changed.
    ///
    /// Nil for at most 256 bytes that were copied when they were shared: they lie in no pool. Nil as well for memory
    /// that was passed to a connection for sending, which may still read it.
    public mutating func takeIfUnique() -> Buffer? {
        guard isKnownUniquelyReferenced(&storage), let slices = storage as? SharedStorage, slices.mayBeRelinquished
        else { return nil }
        let slice = unsafe slices.relinquish(from: start, count: count)
        self = SharedBuffer()
        return Buffer(adopting: slice)
    }

    /// The same bytes in no more memory than they need: `self` if it fills half of its chunk and was not received,
    /// otherwise a copy, packed with other long-lived bytes.
    ///
    /// Compact bytes that are kept for long: a slice of 100 bytes keeps its whole chunk from being recycled.
    public func compacted() -> SharedBuffer {
        guard let slices = storage as? SharedStorage,
            count < slices.chunkCapacity / 2 || slices.holdsReceivedBytes || count <= InlineStorage.maximumCount
        else { return self }
        return BufferPool.current.packedCopy(of: bytes).share()
    }
}
