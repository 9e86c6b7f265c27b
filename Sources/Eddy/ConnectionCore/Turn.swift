// A read that finds bytes does not suspend its task, so a handler of many small messages could work off a whole receive
// window in one job, and all other connections would wait for it. A job has a turn instead:
//
//     job      read, read, … read ──turn over──▶ next read suspends the task
//     loop                                       completions of others, their jobs ──▶ the task's next turn
//
// Counting costs a subtraction for each read. An echo never comes to the end of its turn.

/// What a job may still read before it lets others run.
struct Turn: Equatable {
    private var messagesLeft: Int32 = Self.messages
    private var bytesLeft: Int32 = Self.bytes

    /// Messages, or pieces of the stream, that a job reads in a row: at 0.3 µs a message a turn takes some 40 µs.
    static let messages: Int32 = 128
    /// Bytes that a job reads in a row. One read may go beyond it.
    static let bytes: Int32 = 512 << 10

    /// Whether the next read must wait for another turn.
    @inline(__always)
    var isOver: Bool { messagesLeft | bytesLeft < 0 }

    /// The job has read a message.
    @inline(__always)
    mutating func read(byteCount: UInt32) {
        messagesLeft &-= 1
        bytesLeft = bytesLeft &- Int32(truncatingIfNeeded: min(byteCount, 1 << 20))
    }
}
