internal import Synchronization

// What copies of a shared buffer have in common is one object, made by `share()`, because only an object sees the
// last of its references go:
//
//     SharedBuffer ──┐
//     SharedBuffer ──┼──▶ SliceLease ──▶ slice of a chunk        the bytes stay where they are
//     SharedBuffer ──┘
//
//     SharedBuffer ─────▶ InlineLease [ the bytes ]              few bytes move into the object itself
//
// The object costs one `malloc` either way. So few bytes are copied into it, which costs next to nothing on top, and
// the chunk goes home at once: a small shared buffer never pins a large chunk.

/// A slice of a pool, held by shared buffers; given back with the last of them, on whatever thread.
@safe
final class SliceLease: @unchecked Sendable {
    // Unchecked: nobody writes the slice while the lease is shared, and whoever has the only reference may.
    private var slice: Slice
    /// Whether somebody was given a reference of his own, and may still read the bytes when this lease is gone.
    private let wasLent = Atomic(false)

    init(_ slice: Slice) {
        self.slice = slice
    }

    deinit {
        slice.drop()
    }

    /// Bytes that the slice keeps from being recycled.
    var chunkCapacity: Int { slice.chunk?.capacity ?? 0 }

    /// Whether its memory is that of receives, or of copies of received bytes.
    var holdsReceivedBytes: Bool { slice.chunk?.holdsReceivedBytes ?? false }

    /// A slice of the same memory, which holds it by itself. From now on nobody may write the bytes.
    func lend(from start: UnsafeRawPointer, count: Int) -> Slice? {
        guard let chunk = slice.chunk else { return nil }
        wasLent.store(true, ordering: .relaxed)
        let start = unsafe UnsafeMutableRawPointer(mutating: start)
        chunk.retain(byteCount: UInt32(count))
        return unsafe Slice(chunk: chunk, start: start, count: UInt32(count), capacity: UInt32(count))
    }

    /// Whether the only reference to the lease is the only one to its memory.
    var mayBeRelinquished: Bool { !wasLent.load(ordering: .relaxed) }

    /// Gives the slice up, cut to what lies from `start` on. Only with the only reference to the lease.
    func relinquish(from start: UnsafeRawPointer, count: Int) -> Slice {
        var slice = slice
        self.slice = .empty
        unsafe slice.removeFirst(start - UnsafeRawPointer(slice.start))
        slice.count = UInt32(count)
        return slice
    }
}

/// A few bytes, copied behind the fields of an object.
@safe
final class InlineLease: ManagedBuffer<Void, UInt8> {
    /// Bytes up to which a copy is cheaper than keeping a chunk from being recycled.
    static let maximumCount = 256

    /// Copies `count` bytes at `source`, at most ``maximumCount``.
    static func copying(_ source: UnsafeRawPointer, count: Int) -> (lease: AnyObject, start: UnsafeRawPointer) {
        let lease = InlineLease.create(minimumCapacity: count) { _ in }
        let start = unsafe lease.withUnsafeMutablePointerToElements { elements in
            unsafe UnsafeMutableRawPointer(elements).copyMemory(from: source, byteCount: count)
            return UnsafeRawPointer(elements)
        }
        return unsafe (lease, start)
    }
}
