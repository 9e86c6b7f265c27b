internal import EddyRing

/// The kind of a submission of the loop: the upper byte of its token.
enum OperationKind: UInt8 {
    /// The read of the descriptor by which other threads wake the loop.
    case wake = 1
    /// A listener's multishot accept; the index is the listener's.
    case accept
    case connect
    case receive
    /// A send that completes when the socket has taken all bytes.
    case send
    /// A send that ends within `enter` and completes only if the socket did not take all bytes.
    case inlineSend
    /// A send directly from the caller's memory; the index is its number among the loop's zero-copy sends.
    case zeroCopySend
    /// A read of a file; the index is its number among the loop's file reads.
    case readFile
    /// The timer after which unused memory is returned to the system.
    case trimMemory
    /// A cancellation; its own completion is ignored.
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
    /// The identifier in the token of a completed operation.
    @inline(__always)
    init(_ token: OperationToken) { self.init(index: Int(token.index), generation: token.generation) }
}
