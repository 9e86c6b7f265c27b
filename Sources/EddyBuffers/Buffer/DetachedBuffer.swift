/// A ``Buffer`` that may cross threads: one owner, `Sendable`, not copyable.
///
/// A `Buffer` belongs to where it is used, and the compiler keeps it there. Detach it to put it into another task, an
/// actor or a queue, and attach it again where it has arrived:
///
/// ```swift
/// let parcel = buffer.detach()
/// await worker.take(parcel)          // there: let buffer = parcel.attach()
/// ```
///
/// Both steps are free: nothing is copied, counted or allocated. Dropped on another thread than its pool's, the
/// memory goes home with one atomic addition.
public struct DetachedBuffer: ~Copyable, @unchecked Sendable {
    // Unchecked: a slice is a pointer, which one owner holds. What is shared behind it, the chunk's state, is made to
    // be reached from all threads: see `ReturnInbox`.
    private let slice: Slice

    init(adopting slice: Slice) {
        self.slice = slice
    }

    deinit {
        slice.drop()
    }

    /// Initialised bytes.
    public var count: Int { Int(slice.count) }

    /// The buffer, to be used where it is now.
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
