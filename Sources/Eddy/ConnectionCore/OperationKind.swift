internal import EddyRing

/// What a submission of the loop was: the upper byte of its token.
enum OperationKind: UInt8 {
    /// The read of the descriptor by which other threads wake the loop.
    case wake = 1
    /// A listener's multishot accept; the index is the listener's.
    case accept
    case connect
    case receive
    /// A send that completes when the socket has taken everything.
    case send
    /// A send that ends within `enter` and completes only if it did not take everything.
    case inlineSend
    /// A send out of the memory itself; the index is its number among the loop's zero-copy sends.
    case zeroCopySend
    /// A read of a file; the index is its number among the loop's.
    case readFile
    /// The timer after which memory that nobody has needed goes back to the system.
    case trimMemory
    /// A cancellation; nobody waits for its own completion.
    case cancel
}

extension OperationToken {
    /// The token of an operation on what `id` identifies.
    @inline(__always)
    init(_ kind: OperationKind, _ id: some SlotID) {
        self.init(kind: kind.rawValue, generation: id.generation, index: UInt32(truncatingIfNeeded: id.index))
    }

    /// The token of an operation of the loop itself.
    init(_ kind: OperationKind) { self.init(kind: kind.rawValue) }
}

extension SlotID {
    /// What the operation belongs to that has completed.
    @inline(__always)
    init(_ token: OperationToken) { self.init(index: Int(token.index), generation: token.generation) }
}
