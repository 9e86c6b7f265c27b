internal import CLiburing
internal import Glibc

// The operations that Eddy submits, each with the completions that it posts.

extension SubmissionEntry {
    /// Accepts connections until the operation is cancelled or fails. Each connection posts a completion whose result
    /// is the descriptor; the completion without `more` is the last (`io_uring_prep_multishot_accept(3)`, 5.19).
    package static func acceptMultishot(descriptor: Int32, token: OperationToken) -> SubmissionEntry {
        var entry = SubmissionEntry(.accept, descriptor: descriptor, token: token)
        entry.operationOptions = UInt16(IORING_ACCEPT_MULTISHOT)
        entry.callFlags = UInt32(SOCK_CLOEXEC.rawValue)
        return entry
    }

    /// Accepts one connection; one completion.
    package static func acceptOnce(descriptor: Int32, token: OperationToken) -> SubmissionEntry {
        var entry = acceptMultishot(descriptor: descriptor, token: token)
        entry.operationOptions = 0
        return entry
    }

    /// Connects a socket; one completion. The address must stay valid until `enter` returns: the kernel copies it.
    package static func connect(
        descriptor: Int32,
        address: UnsafeRawPointer,
        addressLength: Int,
        token: OperationToken
    ) -> SubmissionEntry {
        var entry = SubmissionEntry(.connect, descriptor: descriptor, token: token)
        entry.address = UInt64(UInt(bitPattern: address))
        entry.offset = UInt64(addressLength)
        return entry
    }

    /// Receives repeatedly into slices of a provided-buffer ring, until the end of the stream, an error, or a lack of
    /// buffers. The completion without `more` is the last (`io_uring_prep_recv_multishot(3)`, 6.0).
    ///
    /// `limit` is a credit in bytes (6.17; 0: unlimited): the receive that reaches it is the last. That receive is not
    /// truncated, so up to a buffer more than the limit may arrive.
    ///
    /// `expectsDelay` makes the kernel poll for data before the first attempt (IORING_RECVSEND_POLL_FIRST).
    package static func receiveMultishot(
        descriptor: Int32,
        group: UInt16,
        limit: UInt32,
        expectsDelay: Bool,
        token: OperationToken
    ) -> SubmissionEntry {
        var entry = SubmissionEntry(.receive, descriptor: descriptor, token: token)
        entry.flags = .bufferSelect
        entry.bufferGroup = group
        entry.operationOptions = UInt16(IORING_RECV_MULTISHOT)
        if expectsDelay { entry.operationOptions |= UInt16(IORING_RECVSEND_POLL_FIRST) }
        entry.optionLength = limit
        return entry
    }

    /// Receives once into a slice of a provided-buffer ring; one completion.
    ///
    /// - Parameter limit: the maximum number of bytes to receive; 0: the size of the buffer.
    package static func receiveOnce(
        descriptor: Int32,
        group: UInt16,
        limit: UInt32 = 0,
        token: OperationToken
    ) -> SubmissionEntry {
        var entry = SubmissionEntry(.receive, descriptor: descriptor, token: token)
        entry.flags = .bufferSelect
        entry.bufferGroup = group
        entry.byteCount = limit
        return entry
    }

    /// Sends all the bytes, waiting for the peer to make room; one completion with the number of bytes sent, which is
    /// short only if the connection broke in between (MSG_WAITALL on sends: 5.19).
    package static func send(
        descriptor: Int32,
        address: UnsafeRawPointer,
        byteCount: Int,
        token: OperationToken
    ) -> SubmissionEntry {
        unsafe sending(.send, descriptor: descriptor, address: address, byteCount: byteCount, token: token)
    }

    /// Like ``send(descriptor:address:byteCount:token:)``, for several pieces in order. The message (`struct msghdr`)
    /// and its vectors must stay valid until `enter` returns (IORING_FEAT_SUBMIT_STABLE), the bytes until the
    /// completion. See ``MessageArena``.
    package static func sendMessage(
        descriptor: Int32,
        message: UnsafeRawPointer,
        token: OperationToken
    ) -> SubmissionEntry {
        unsafe sending(.sendMessage, descriptor: descriptor, address: message, byteCount: 1, token: token)
    }

    /// Returns a send that completes within the `enter` that submits it. Either the socket takes all the bytes and no
    /// completion is posted, or a completion reports the number of bytes taken (EAGAIN: none).
    ///
    /// MSG_DONTWAIT keeps the kernel from waiting for room. Skipping the completion of a success saves a wake-up for
    /// each reply. Failures are never skipped (io_uring_enter(2), IOSQE_CQE_SKIP_SUCCESS), and because of MSG_WAITALL a
    /// short send counts as a failure.
    package func endingInline() -> SubmissionEntry {
        var entry = self
        entry.flags.insert(.skipSuccess)
        entry.callFlags |= UInt32(MSG_DONTWAIT)
        return entry
    }

    /// Cancels the operation with token `target`. Posts one completion in addition to the last completion of the
    /// target.
    package static func cancel(_ target: OperationToken, token: OperationToken) -> SubmissionEntry {
        var entry = SubmissionEntry(.asyncCancel, descriptor: -1, token: token)
        entry.address = target.rawValue
        return entry
    }

    /// Cancels every operation on the ring. Posts one completion of its own with the number of operations cancelled.
    package static func cancelEverything(token: OperationToken) -> SubmissionEntry {
        var entry = SubmissionEntry(.asyncCancel, descriptor: -1, token: token)
        entry.callFlags = UInt32(IORING_ASYNC_CANCEL_ALL) | UInt32(IORING_ASYNC_CANCEL_ANY)
        return entry
    }

    /// Reads from a descriptor that has no position, such as an eventfd; one completion.
    package static func read(
        descriptor: Int32,
        into address: UnsafeMutableRawPointer,
        byteCount: Int,
        token: OperationToken
    ) -> SubmissionEntry {
        unsafe readFile(
            descriptor: descriptor,
            at: UInt64.max,
            into: address,
            byteCount: byteCount,
            fixedBuffer: nil,
            token: token
        )
    }

    /// Completes with ETIME once the time has passed (`struct __kernel_timespec`); one completion. The kernel copies
    /// the time when it takes the submission (`io_uring_prep_timeout(3)`).
    package static func timeout(_ time: UnsafeRawPointer, token: OperationToken) -> SubmissionEntry {
        unsafe SubmissionEntry(.timeout, descriptor: -1, address: time, byteCount: 1, token: token)
    }

    /// The flags that all sends share: a broken connection is a result, never a signal, and the kernel itself continues
    /// after a short write.
    static func sending(
        _ operation: Operation,
        descriptor: Int32,
        address: UnsafeRawPointer,
        byteCount: Int,
        token: OperationToken
    ) -> SubmissionEntry {
        var entry = unsafe SubmissionEntry(
            operation,
            descriptor: descriptor,
            address: address,
            byteCount: byteCount,
            token: token
        )
        entry.callFlags = UInt32(MSG_NOSIGNAL) | UInt32(MSG_WAITALL)
        return entry
    }
}
