/// A FIFO queue of bytes.
struct ByteQueue {
    private var bytes: [UInt8] = []
    private var head = 0

    var count: Int { bytes.count - head }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        unsafe bytes.append(contentsOf: more)
    }

    /// Moves bytes from the front to memory, as many as fit or are available.
    mutating func move(to memory: UnsafeMutableRawBufferPointer) -> Int {
        let moved = min(count, memory.count)
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[head..<head + moved]))
        }
        dropFirst(moved)
        return moved
    }

    /// Moves `moved` bytes from the front to the end of another queue.
    mutating func move(_ moved: Int, to other: inout ByteQueue) {
        other.bytes.append(contentsOf: bytes[head..<head + moved])
        dropFirst(moved)
    }

    mutating func removeAll() { dropFirst(count) }

    private mutating func dropFirst(_ dropped: Int) {
        head += dropped
        if head == bytes.count {
            bytes.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 1 << 16 {
            bytes.removeFirst(head)
            head = 0
        }
    }
}
