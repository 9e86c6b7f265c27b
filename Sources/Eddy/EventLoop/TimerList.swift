// A list is written at its end only. A timer that is over leaves its entry behind, which names nothing any more:
//
//     chunks  ┌───────────────┐  ┌───────────────┐  ┌───────────────┐
//             │ · · t × t t × ┼─▶│ × t t × × t t ┼─▶│ t × t         │      t  running        ×  cancelled
//             └─────▲─────────┘  └───────────────┘  └───────▲───────┘
//                  head                                    tail
//
// So setting a timer writes next to the one that was set before, and cancelling one touches no neighbour: neither waits
// for memory that is not in the processor's cache, however many timers there are. What is left behind goes with its
// list: when the list is due, when its last running timer goes, or when more of its entries are left behind than are
// running.

/// The timers of a list, in the order in which they were set.
@safe
struct TimerList {
    private var first: UnsafeMutablePointer<TimerChunk>?
    private var last: UnsafeMutablePointer<TimerChunk>?
    /// Entries of timers that are running.
    private(set) var running: UInt32 = 0
    /// The first entry of the first chunk.
    private var head: UInt16 = 0
    /// Behind the last entry of the last chunk. A list without a chunk has no room either.
    private var tail = UInt16(TimerChunk.capacity)
    /// Entries of timers that were cancelled.
    private(set) var cancelled: UInt32 = 0

    init() {}

    /// Whether more is left behind than is running, and some chunks of it.
    var isSparse: Bool { cancelled > running &+ 2 * UInt32(TimerChunk.capacity) }

    @inline(__always)
    mutating func append(_ entry: TimerEntry, chunks: borrowing TimerChunkStore) {
        if tail == TimerChunk.capacity { addChunk(chunks) }
        unsafe last.unsafelyUnwrapped.pointee[Int(tail)] = entry
        tail &+= 1
        running &+= 1
    }

    @inline(never)
    private mutating func addChunk(_ chunks: borrowing TimerChunkStore) {
        let chunk = unsafe chunks.take()
        if let last = unsafe last { unsafe last.pointee.next = chunk } else { unsafe first = chunk }
        unsafe last = chunk
        tail = 0
    }

    /// One of its timers was cancelled.
    @inline(__always)
    mutating func leaveOneBehind() {
        running &-= 1
        cancelled &+= 1
    }

    /// The first entry whose timer is running. There must be one; those before it go.
    ///
    /// - Parameter count: 1 for an entry whose timer is running, otherwise 0.
    mutating func firstRunning(chunks: borrowing TimerChunkStore, _ count: (TimerEntry) -> Int) -> TimerEntry {
        while true {
            let entry = unsafe first.unsafelyUnwrapped.pointee[Int(head)]
            if count(entry) == 1 { return entry }
            cancelled &-= 1
            removeFirst(chunks)
        }
    }

    /// Takes out what ``firstRunning(chunks:_:)`` returned.
    mutating func removeFirstRunning(chunks: borrowing TimerChunkStore) {
        running &-= 1
        removeFirst(chunks)
        if running == 0 { clear(chunks: chunks) }
    }

    /// A chunk that is empty stays when it is the last one: what is appended next needs one.
    private mutating func removeFirst(_ chunks: borrowing TimerChunkStore) {
        head &+= 1
        guard head == TimerChunk.capacity, unsafe first != last, let chunk = unsafe first else { return }
        unsafe first = chunk.pointee.next
        unsafe chunks.giveBack(chunk)
        head = 0
    }

    /// Gives up its memory, and hands those entries to `body` whose timers are running, the first one first.
    ///
    /// - Parameter count: 1 for an entry whose timer is running, otherwise 0.
    @inline(__always)
    consuming func takeOut(
        chunks: borrowing TimerChunkStore,
        counting count: (TimerEntry) -> Int,
        _ body: (TimerEntry) -> Void
    ) {
        while let chunk = unsafe first {
            // A chunk's entries are looked up without a branch, which nobody could predict: so the processor fetches
            // the memory of several timers at a time.
            var kept = 0
            for position in Int(head)..<(unsafe chunk == last ? Int(tail) : TimerChunk.capacity) {
                let entry = unsafe chunk.pointee[position]
                unsafe chunk.pointee[kept] = entry
                kept &+= count(entry)
            }
            for position in 0..<kept { unsafe body(chunk.pointee[position]) }
            head = 0
            unsafe first = chunk.pointee.next
            unsafe chunks.giveBack(chunk)
        }
    }

    /// Gives up everything.
    mutating func clear(chunks: borrowing TimerChunkStore) {
        while let chunk = unsafe first {
            unsafe first = chunk.pointee.next
            unsafe chunks.giveBack(chunk)
        }
        self = TimerList()
    }
}
