internal import EddyBuffers
internal import EddyRing
internal import EddySystem

// From a file to a socket through chunks of the pool, which are registered in place (READ_FIXED):
//
//     file ──read──▶ [ chunk ] ──▶ [ queue: in flight │ waits ] ──send──▶ peer
//                       ▲                    │
//                       └── next read ◀──────┘ while no more than the high watermark is queued
//
// One read is in flight at a time. It overlaps with the sends of the chunks before it, so the disk and the network work
// simultaneously, and the high watermark plus one chunk bounds the memory held.

extension ConnectionHandle {
    /// Opens a file and sends a part of it after all previous writes.
    func sendFile(_ path: String, range: Range<Int>?) async throws(ConnectionError) {
        let descriptor: Int32
        do { descriptor = try RegularFile.open(path) } catch { throw .file(error) }
        defer { RegularFile.close(descriptor) }
        try await sendFile(descriptor, range: range)
    }

    /// Sends a part of a file after all previous writes.
    func sendFile(_ descriptor: Int32, range: Range<Int>?) async throws(ConnectionError) {
        try requireLoopThread()
        let size: Int
        do { size = try RegularFile.size(of: descriptor) } catch { throw .file(error) }
        // Files in /proc have no size until they are read, and those in /sys less than theirs (proc(5), sysfs(5)).
        let isWhole = range == nil
        let range = range ?? 0..<(size > 0 ? size : .max)
        require(range.lowerBound >= 0, "a file has no bytes before its first")
        guard range.upperBound <= size || size == 0 else { throw .fileTooShort(size: size, sent: 0) }
        var offset = range.lowerBound
        while offset < range.upperBound {
            let slice = try await read(descriptor, offset..<range.upperBound)
            guard driver.connections.isCurrent(id) else {
                slice.drop()
                throw .shutDown
            }
            guard slice.count > 0 else {
                slice.drop()
                // The whole file was requested, and it was not truncated meanwhile.
                if isWhole, let sizeNow = try? RegularFile.size(of: descriptor), sizeNow >= size { return }
                throw .fileTooShort(size: offset, sent: offset - range.lowerBound)
            }
            offset += Int(slice.count)
            let isAbove = try queue(Buffer(adopting: slice))
            if driver.connections[id].sending.isCancelled { throw .cancelled }
            if isAbove { try await waitUntilDrained() }
        }
    }

    /// Reads as much as fits into a chunk; no bytes at the end of the file. The slice's reference passes to the caller.
    private func read(_ descriptor: Int32, _ range: Range<Int>) async throws(ConnectionError) -> Slice {
        // If memory is tight, read in small pieces.
        let chunk = driver.memory.value.isTight ? nil : driver.pool.allocateChunk(size: ConnectionDriver.bulkSize)
        var slice = chunk ?? driver.pool.allocate(Self.smallRead).relinquish()
        while true {
            let read = driver.fileReads.begin()
            let entry = unsafe SubmissionEntry.readFile(
                descriptor: descriptor,
                at: UInt64(range.lowerBound),
                into: slice.start,
                byteCount: min(Int(slice.capacity), range.count),
                fixedBuffer: driver.fixedBufferIndex(of: slice),
                token: OperationToken(.readFile, read)
            )
            driver.submit(entry)
            await Waiter.suspend { driver.fileReads.wait(read, $0) }
            guard let result = driver.fileReads.end(read) else { unreachable("a read ends once") }
            if result >= 0 {
                slice.count = UInt32(result)
                return slice
            }
            guard result == -SystemError.interrupted.code || result == -SystemError.again.code else {
                slice.drop()
                throw .file(SystemError(-result))
            }
        }
    }

    private static let smallRead = 16 << 10
}
