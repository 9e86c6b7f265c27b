internal import EddyBuffers

// The bytes of one message arrive in slices, cut anywhere by the network. If they lie in one slice, they are cut out of
// it; if not, they are copied into one, once:
//
//     cut      [ frame │ next frame … ]                  no copy: both parts stay in the same chunk
//     gather   [ fra ][ m ][ e │ next frame … ]   ──▶    [ frame ]   [ next frame … ]
//
// A reader that waits for the rest of a frame leaves the received bytes in the queue, so a cancelled wait loses
// nothing. Small slices must not pile up in the meantime, because each would hold its whole chunk. So they are gathered
// into the first slice of the queue, which has room to grow, and doubles when it is full:
//
//     [ fra ][ m ][ e ][ o ][ f ]   ──▶   [ frameof ·········· ]   ◀── the next small slices
//
// Each byte is copied once into place and, over all doublings, about once more.

extension SliceStore {
    /// Takes out the first `byteCount` bytes as one slice, whose reference passes to the caller.
    ///
    /// They are copied only if they lie in several slices: into the first one if it has room, otherwise into the slice
    /// that `allocate` returns for `capacity` bytes.
    ///
    /// - Returns: nil if `allocate` returns nil; then nothing has changed.
    /// - Precondition: the queue holds at least that many bytes.
    func take(
        _ byteCount: Int,
        of queue: inout SliceQueue,
        capacity: Int? = nil,
        allocate: (Int) -> Slice?
    ) -> Slice? {
        require(byteCount <= Int(queue.byteCount), "a queue gives what it holds")
        guard byteCount > 0, let first = first(of: queue) else { return .empty }
        if Int(first.count) > byteCount { return cut(byteCount, of: &queue) }
        var whole = first
        if Int(whole.capacity) < byteCount {
            guard let larger = allocate(max(byteCount, capacity ?? byteCount)) else { return nil }
            whole = larger
            whole.append(first, count: Int(first.count))
            first.drop()
        }
        _ = popFirst(of: &queue)
        while Int(whole.count) < byteCount, let next = self.first(of: queue) {
            let part = min(byteCount - Int(whole.count), Int(next.count))
            whole.append(next, count: part)
            removeFirst(part, of: &queue)
        }
        return whole
    }

    /// Cuts off the first bytes of the first slice, which keeps the rest.
    private func cut(_ byteCount: Int, of queue: inout SliceQueue) -> Slice {
        guard let first = first(of: queue), let chunk = first.chunk else { return .empty }
        chunk.retain()
        removeFirst(byteCount, of: &queue)
        return unsafe Slice(chunk: chunk, start: first.start, count: UInt32(byteCount), capacity: UInt32(byteCount))
    }

    /// Gathers all bytes into the queue's first slice if they lie in many small ones, and `allocate` has memory for it.
    ///
    /// - Parameter expected: the total number of bytes expected; no more room is made.
    func gatherFragments(of queue: inout SliceQueue, expected: Int, allocate: (Int) -> Slice?) {
        guard isFragmented(queue) else { return }
        let byteCount = Int(queue.byteCount)
        let capacity = min(expected, max(2 * byteCount, 256))
        if let whole = take(byteCount, of: &queue, capacity: capacity, allocate: allocate) {
            prepend(whole, to: &queue)
        }
    }

    /// Whether the slices after the first hold disproportionate memory.
    private func isFragmented(_ queue: SliceQueue) -> Bool {
        guard queue.count > 4, let first = first(of: queue) else { return false }
        return queue.count > 64 || queue.byteCount - first.count < (queue.count - 1) * 4096
    }
}
