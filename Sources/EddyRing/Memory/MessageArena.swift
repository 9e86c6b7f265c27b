internal import CLiburing
package import EddyBuffers
internal import Glibc

/// Memory for the messages (`struct msghdr`) and vectors of the sends that one `enter` submits.
///
/// The kernel copies both when it takes the submission (IORING_FEAT_SUBMIT_STABLE), so the whole arena is free again
/// when `enter` has returned: no send allocates or retains memory.
@safe
package struct MessageArena: ~Copyable {
    /// The maximum number of pieces of a message. The kernel's own limit is 1,024; more pieces per send gain nothing.
    package static let maximumPieces = 64

    private let messages: UnsafeMutablePointer<msghdr>
    private let vectors: UnsafeMutablePointer<iovec>
    private let messageCapacity: Int
    private let vectorCapacity: Int
    private let used: UnsafeMutablePointer<(messages: Int, vectors: Int)>

    /// An arena for up to `messageCapacity` messages with `vectorCapacity` pieces in all.
    package init(messageCapacity: Int = 512, vectorCapacity: Int = 2048) {
        self.messageCapacity = messageCapacity
        self.vectorCapacity = vectorCapacity
        unsafe messages = .allocate(capacity: messageCapacity)
        unsafe vectors = .allocate(capacity: vectorCapacity)
        unsafe used = .allocate(capacity: 1)
        unsafe used.initialize(to: (messages: 0, vectors: 0))
    }

    deinit {
        unsafe messages.deallocate()
        unsafe vectors.deallocate()
        unsafe used.deallocate()
    }

    /// Whether one more message of `pieces` fits.
    package func hasRoom(forPieces pieces: Int) -> Bool {
        unsafe used.pointee.messages < messageCapacity && used.pointee.vectors + pieces <= vectorCapacity
    }

    /// Starts a message; add its pieces with ``append(_:)`` before the next one is started.
    ///
    /// - Precondition: ``hasRoom(forPieces:)`` for all the pieces that will be added.
    package func startMessage() -> UnsafeRawPointer {
        let message = unsafe messages + used.pointee.messages
        unsafe message.initialize(to: msghdr())
        unsafe message.pointee.msg_iov = vectors + used.pointee.vectors
        unsafe used.pointee.messages += 1
        return UnsafeRawPointer(message)
    }

    /// Adds a piece to the message that was started last.
    package func append(_ slice: Slice) {
        let index = unsafe used.pointee.vectors
        require(index < vectorCapacity, "ask for room before adding pieces")
        unsafe (vectors + index).initialize(to: iovec(iov_base: slice.start, iov_len: Int(slice.count)))
        unsafe used.pointee.vectors += 1
        unsafe messages[used.pointee.messages - 1].msg_iovlen += 1
    }

    /// Removes all messages. Call it after an `enter` that took every submission.
    package func reset() {
        unsafe used.pointee = (0, 0)
    }
}
