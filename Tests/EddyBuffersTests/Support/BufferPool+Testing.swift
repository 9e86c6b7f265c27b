import EddyBuffers

extension BufferPool {
    /// The bytes of a slab: the smallest limit that lets a pool serve anything.
    static let slabSize = 2 << 20

    /// A pool of the calling thread for the duration of `body`; no slice may be live when it ends.
    static func temporary(
        receiveChunkSize: Int = 64 << 10,
        maximumBytes: Int = 64 << 20,
        _ body: (BufferPool) throws -> Void
    ) rethrows {
        let configuration = Configuration(receiveChunkSize: receiveChunkSize, maximumBytes: maximumBytes)
        let pool = BufferPool(configuration: configuration)
        defer {
            let slicesOut = pool.close()
            precondition(slicesOut == 0, "\(slicesOut) slices are live at the end of the test")
        }
        try body(pool)
    }
}

extension Buffer {
    /// A copy of the bytes.
    borrowing func array() -> [UInt8] { bytes.withUnsafeBytes { [UInt8]($0) } }

    /// The address of the bytes.
    var address: UInt { UInt(bitPattern: slice.start) }
}

/// Keeps a buffer alive until here.
@inline(never)
func hold(_ buffer: borrowing Buffer) {}

extension Slice {
    /// A slice of `range` of a filling chunk, as the kernel fills it.
    init(_ chunk: Chunk, _ range: Range<Int>) {
        let count = UInt32(range.count)
        chunk.retainOnOwnerThread(byteCount: count)
        self.init(chunk: chunk, start: chunk.base + range.lowerBound, count: count, capacity: count)
    }
}
