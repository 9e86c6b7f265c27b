extension SharedBuffer {
    /// The bytes in unique form: the memory itself when this was the last reference to it, else a pooled copy.
    ///
    /// What the memory has behind the bytes becomes free capacity when it is taken over.
    public consuming func unshare() -> Buffer {
        if let buffer = takeIfUnique() { return buffer }
        return Buffer.from(copying: bytes)
    }

    /// Takes the memory over if this is the last reference to it, and leaves an empty buffer behind; else nil, and
    /// nothing has changed.
    ///
    /// Nil for at most 256 bytes that were copied when they were shared: they are in no pool. Nil as well for memory
    /// that was given to a connection to be sent, which may still be reading it.
    public mutating func takeIfUnique() -> Buffer? {
        guard isKnownUniquelyReferenced(&lease), let slices = lease as? SliceLease, slices.mayBeRelinquished
        else { return nil }
        let slice = unsafe slices.relinquish(from: start, count: count)
        self = SharedBuffer()
        return Buffer(adopting: slice)
    }

    /// The same bytes in no more memory than they need: itself where it fills half of its chunk and was not received, else
    /// a copy among others that are kept for long.
    ///
    /// Compact what is kept for long: a slice of 100 bytes holds its whole chunk, which cannot be recycled.
    public func compacted() -> SharedBuffer {
        guard let slices = lease as? SliceLease,
            count < slices.chunkCapacity / 2 || slices.holdsReceivedBytes || count <= InlineLease.maximumCount
        else { return self }
        return BufferPool.current.packedCopy(of: bytes).share()
    }
}
