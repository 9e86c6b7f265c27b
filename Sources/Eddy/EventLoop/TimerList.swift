// Entries are only appended. A cancelled timer leaves its entry in the list, with a stale identifier:
//
//     chunks  ┌───────────────┐  ┌───────────────┐  ┌───────────────┐
//             │ · · t × t t × ┼─▶│ × t t × × t t ┼─▶│ t × t         │      t  running        ×  cancelled
//             └─────▲─────────┘  └───────────────┘  └───────▲───────┘
//                  head                                    tail
//
// So setting a timer writes next to the previous entry, and cancelling one accesses no neighbour: neither waits for
// memory outside the processor's cache, regardless of the number of timers. Stale entries are freed with their list:
// when the list is due, when its last running timer ends, or when it has more stale entries than running ones.

/// The timers of a list, in the order in which they were set.
@safe
struct TimerList {
    private var first: UnsafeMutablePointer<TimerChunk>?
    private var last: UnsafeMutablePointer<TimerChunk>?
    /// The number of entries of running timers.
    private(set) var running: UInt32 = 0
    /// The index of the first entry in the first chunk.
    private var head: UInt16 = 0
    /// The index after the last entry in the last chunk. A list without a chunk is full.
    private var tail = UInt16(TimerChunk.capacity)
    /// The number of entries of cancelled timers.
    private(set) var cancelled: UInt32 = 0

    init() {}

    /// Whether stale entries outnumber running ones by at least two chunks.
    var isSparse: Bool { cancelled > running &+ 2 * UInt32(TimerChunk.capacity) }

    @inline(__always)
    mutating func append(_ entry: TimerEntry, chunks: borrowing SlotTable<TimerChunk>) {
        if tail == TimerChunk.capacity { addChunk(chunks) }
        unsafe last.unsafelyUnwrapped.pointee[Int(tail)] = entry
        tail &+= 1
        running &+= 1
    }

    @inline(never)
    private mutating func addChunk(_ chunks: borrowing SlotTable<TimerChunk>) {
        let chunk = unsafe chunks.take()
        if let last = unsafe last { unsafe last.pointee.next = chunk } else { unsafe first = chunk }
        unsafe last = chunk
        tail = 0
    }

    /// Counts a cancelled timer.
    @inline(__always)
    mutating func countCancelled() {
        running &-= 1
        cancelled &+= 1
    }

    /// The first entry whose timer is running. There must be one; stale entries before it are removed.
    ///
    /// - Parameter count: 1 for an entry whose timer is running, otherwise 0.
    mutating func firstRunning(chunks: borrowing SlotTable<TimerChunk>, _ count: (TimerEntry) -> Int) -> TimerEntry {
        while true {
            let entry = unsafe first.unsafelyUnwrapped.pointee[Int(head)]
            if count(entry) == 1 { return entry }
            cancelled &-= 1
            removeFirst(chunks)
        }
    }

    /// Removes the entry that ``firstRunning(chunks:_:)`` returned.
    mutating func removeFirstRunning(chunks: borrowing SlotTable<TimerChunk>) {
        running &-= 1
        removeFirst(chunks)
        if running == 0 { clear(chunks: chunks) }
    }

    /// Keeps the last chunk even when it is empty: the next append needs one.
    private mutating func removeFirst(_ chunks: borrowing SlotTable<TimerChunk>) {
        head &+= 1
        guard head == TimerChunk.capacity, unsafe first != last, let chunk = unsafe first else { return }
        unsafe first = chunk.pointee.next
        unsafe chunks.recycle(chunk)
        head = 0
    }

    /// Frees the list, and passes the entries of running timers to `body` in order.
    ///
    /// - Parameter count: 1 for an entry whose timer is running, otherwise 0.
    @inline(__always)
    consuming func takeOut(
        chunks: borrowing SlotTable<TimerChunk>,
        counting count: (TimerEntry) -> Int,
        _ body: (TimerEntry) -> Void
    ) {
        while let chunk = unsafe first {
            // Looks up a chunk's entries without branches, which could not be predicted: so the processor fetches the
            // memory of several timers concurrently.
            var kept = 0
            for position in Int(head)..<(unsafe chunk == last ? Int(tail) : TimerChunk.capacity) {
                let entry = unsafe chunk.pointee[position]
                unsafe chunk.pointee[kept] = entry
                kept &+= count(entry)
            }
            for position in 0..<kept { unsafe body(chunk.pointee[position]) }
            head = 0
            unsafe first = chunk.pointee.next
            unsafe chunks.recycle(chunk)
        }
    }

    /// Frees all chunks.
    mutating func clear(chunks: borrowing SlotTable<TimerChunk>) {
        while let chunk = unsafe first {
            unsafe first = chunk.pointee.next
            unsafe chunks.recycle(chunk)
        }
        self = TimerList()
    }
}
