internal import EddyBuffers
internal import Glibc

extension SliceStore {
    /// The position of the first delimiter that starts at or after `start`, counted from the first byte of the queue;
    /// nil if there is no complete delimiter. It may span slices.
    ///
    /// Takes time proportional to the bytes after `start` plus the number of slices before it.
    func firstIndex(of delimiter: Delimiter, in queue: SliceQueue, from start: Int) -> Int? {
        var node = queue.first
        /// The position of the node's first byte.
        var base = 0
        while node != Self.none {
            let (slice, next) = unsafe (storage.pointee.nodes[Int(node)].slice, storage.pointee.nodes[Int(node)].next)
            var offset = max(start - base, 0)
            while offset < Int(slice.count),
                let found = unsafe memchr(slice.start + offset, Int32(delimiter[0]), Int(slice.count) - offset)
            {
                offset = unsafe found - slice.start
                if matches(delimiter, at: offset, node: node) { return base + offset }
                offset += 1
            }
            base += Int(slice.count)
            node = next
        }
        return nil
    }

    /// Whether the delimiter's bytes are consecutive from a position on.
    private func matches(_ delimiter: Delimiter, at offset: Int, node: UInt32) -> Bool {
        var (node, offset) = (node, offset)
        for index in 0..<delimiter.count {
            // Slices of a queue are never empty.
            if unsafe offset == Int(storage.pointee.nodes[Int(node)].slice.count) {
                node = unsafe storage.pointee.nodes[Int(node)].next
                offset = 0
            }
            guard node != Self.none else { return false }
            let byte = unsafe storage.pointee.nodes[Int(node)].slice.start.load(fromByteOffset: offset, as: UInt8.self)
            guard byte == delimiter[index] else { return false }
            offset += 1
        }
        return true
    }

    /// The byte at an index, counted from the first byte of the queue.
    ///
    /// - Precondition: the queue holds more than `index` bytes.
    func byte(at index: Int, of queue: SliceQueue) -> UInt8 {
        require(index >= 0 && index < Int(queue.byteCount), "the byte must lie in the queue")
        var node = queue.first
        var offset = index
        while unsafe offset >= Int(storage.pointee.nodes[Int(node)].slice.count) {
            unsafe offset -= Int(storage.pointee.nodes[Int(node)].slice.count)
            node = unsafe storage.pointee.nodes[Int(node)].next
        }
        return unsafe storage.pointee.nodes[Int(node)].slice.start.load(fromByteOffset: offset, as: UInt8.self)
    }

    /// The unsigned integer encoded in the first `byteCount` bytes.
    ///
    /// - Precondition: the queue holds at least that many bytes; `byteCount` is at most 8.
    func leadingInteger(_ byteCount: Int, of queue: SliceQueue, endianness: Endianness) -> UInt64 {
        var value: UInt64 = 0
        var index = 0
        forEach(in: queue, limit: byteCount) { slice in
            for offset in 0..<min(Int(slice.count), byteCount - index) {
                let byte = unsafe UInt64(slice.start.load(fromByteOffset: offset, as: UInt8.self))
                let place = endianness == .big ? byteCount - 1 - index : index
                value |= byte << UInt64(8 * place)
                index += 1
            }
        }
        return value
    }
}
