/// A ``Buffer`` that may cross threads: one owner, `Sendable`, not copyable.
///
/// The compiler keeps a `Buffer` where it is used. Detach it to move it into another task, an actor or a queue, and
/// attach it again there:
///
/// ```swift
/// let parcel = buffer.detach()
/// await worker.take(parcel)          // there: let buffer = parcel.attach()
/// ```
///
/// Both steps are free: nothing is copied, counted or allocated. When it is dropped on a thread other than its pool's,
/// one atomic addition returns the memory to the pool.
public struct DetachedBuffer: ~Copyable, @unchecked Sendable {
    // Unchecked: a slice is a pointer with one owner. The chunk's state that it points to is shared, and safe to reach
    // from all threads: see `RemoteFreeList`.
    private let slice: Slice

    init(adopting slice: Slice) {
        self.slice = slice
    }

    deinit {
        slice.drop()
    }

    /// Initialised bytes.
    public var count: Int { Int(slice.count) }

    /// The buffer, for use on the current thread.
    public consuming func attach() -> Buffer {
        let slice = slice
        discard self
        return Buffer(adopting: slice)
    }

    /// The bytes in shared form; see ``Buffer/share()``.
    public consuming func share() -> SharedBuffer {
        attach().share()
    }
}

extension Buffer {
    /// The buffer in a form that may cross threads.
    public consuming func detach() -> DetachedBuffer {
        DetachedBuffer(adopting: relinquish())
    }
}
