internal import Synchronization

// The copies of a shared buffer share one object, made by `share()`, because only an object can detect that its last
// reference is dropped:
//
//     SharedBuffer ──┐
//     SharedBuffer ──┼──▶ SharedStorage ──▶ slice of a chunk     the bytes stay where they are
//     SharedBuffer ──┘
//
//     SharedBuffer ─────▶ InlineStorage [ the bytes ]              few bytes move into the object itself
//
// The object costs one `malloc` either way. Copying a few bytes into it costs next to nothing more, and returns the
// chunk at once: a small shared buffer never pins a large chunk.

/// A slice of a pool, held by shared buffers; dropped with the last of them, on any thread.
@safe
final class SharedStorage: @unchecked Sendable {
    // Unchecked: no code writes the slice while the storage is shared, and a sole owner may write it.
    private var slice: Slice
    /// Whether ``retainedSlice(from:count:)`` was called: the bytes may still be read after this storage is freed.
    private let hasRetainedSlices = Atomic(false)

    init(_ slice: Slice) {
        self.slice = slice
    }

    deinit {
        slice.drop()
    }

    /// Bytes that the slice retains.
    var chunkCapacity: Int { slice.chunk?.capacity ?? 0 }

    /// Whether its memory is that of receives, or of copies of received bytes.
    var holdsReceivedBytes: Bool { slice.chunk?.holdsReceivedBytes ?? false }

    /// A slice of the same memory with a reference of its own. From now on the bytes must not be written.
    func retainedSlice(from start: UnsafeRawPointer, count: Int) -> Slice? {
        guard let chunk = slice.chunk else { return nil }
        hasRetainedSlices.store(true, ordering: .relaxed)
        let start = unsafe UnsafeMutableRawPointer(mutating: start)
        chunk.retain(byteCount: UInt32(count))
        return unsafe Slice(chunk: chunk, start: start, count: UInt32(count), capacity: UInt32(count))
    }

    /// Whether the only reference to the storage is the only one to its memory.
    var mayBeRelinquished: Bool { !hasRetainedSlices.load(ordering: .relaxed) }

    /// Gives up the slice, cut to what lies from `start` on. The caller must hold the only reference to the storage.
    func relinquish(from start: UnsafeRawPointer, count: Int) -> Slice {
        var slice = slice
        self.slice = .empty
        unsafe slice.removeFirst(start - UnsafeRawPointer(slice.start))
        slice.count = UInt32(count)
        return slice
    }
}

/// A few bytes, copied after the fields of an object.
@safe
final class InlineStorage: ManagedBuffer<Void, UInt8> {
    /// The size up to which a copy is cheaper than retaining a chunk.
    static let maximumCount = 256

    /// Copies `count` bytes at `source`, at most ``maximumCount``.
    static func copying(_ source: UnsafeRawPointer, count: Int) -> (storage: AnyObject, start: UnsafeRawPointer) {
        let storage = InlineStorage.create(minimumCapacity: count) { _ in }
        let start = unsafe storage.withUnsafeMutablePointerToElements { elements in
            unsafe UnsafeMutableRawPointer(elements).copyMemory(from: source, byteCount: count)
            return UnsafeRawPointer(elements)
        }
        return unsafe (storage, start)
    }
}
