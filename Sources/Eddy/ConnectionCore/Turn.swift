// A read that finds bytes does not suspend its task, so a handler of many small messages could process a whole receive
// window in one job while all other connections wait. So each job has a turn:
//
//     job      read, read, … read ──turn over──▶ next read suspends the task
//     loop                                       other completions, other jobs ──▶ the task's next turn
//
// Counting costs a subtraction per read. An echo never reaches the end of its turn.

/// How much a job may still read before it lets others run.
struct Turn: Equatable {
    private var messagesLeft: Int32 = Self.messages
    private var bytesLeft: Int32 = Self.bytes

    /// Messages, or pieces of the stream, that a job reads in a row: at 0.3 µs per message, a turn takes some 40 µs.
    static let messages: Int32 = 128
    /// Bytes that a job reads in a row. One read may exceed the limit.
    static let bytes: Int32 = 512 << 10

    /// Whether the next read must wait for another turn.
    @inline(__always)
    var isOver: Bool { messagesLeft | bytesLeft < 0 }

    /// Accounts for a message that the job has read.
    @inline(__always)
    mutating func read(byteCount: UInt32) {
        messagesLeft &-= 1
        bytesLeft = bytesLeft &- Int32(truncatingIfNeeded: min(byteCount, 1 << 20))
    }
}
