internal import CLiburing

// A zero-copy send posts two completions: the first says how much was sent, as that of any send; if it says `more`, a
// second one, the notification, says that the kernel no longer reads the memory, and whether it had copied the bytes
// after all (`io_uring_prep_send_zc(3)`, 6.0; IORING_SEND_ZC_REPORT_USAGE, 6.2).

extension SubmissionEntry {
    /// As ``send(descriptor:address:byteCount:token:)``, out of the memory itself, which must stay as it is until the
    /// notification. `fixedBuffer` is the index of registered memory that it lies in.
    package static func sendZeroCopy(
        descriptor: Int32,
        address: UnsafeRawPointer,
        byteCount: Int,
        fixedBuffer: UInt16?,
        token: OperationToken
    ) -> SubmissionEntry {
        var entry = unsafe sending(
            .sendZeroCopy,
            descriptor: descriptor,
            address: address,
            byteCount: byteCount,
            token: token
        )
        entry.operationOptions = reportsUsage
        if let fixedBuffer {
            entry.operationOptions |= UInt16(IORING_RECVSEND_FIXED_BUF)
            entry.bufferGroup = fixedBuffer
        }
        return entry
    }

    /// As ``sendMessage(descriptor:message:token:)``, out of the memory itself (6.1).
    package static func sendMessageZeroCopy(
        descriptor: Int32,
        message: UnsafeRawPointer,
        token: OperationToken
    ) -> SubmissionEntry {
        var entry = unsafe sending(
            .sendMessageZeroCopy,
            descriptor: descriptor,
            address: message,
            byteCount: 1,
            token: token
        )
        entry.operationOptions = reportsUsage
        return entry
    }

    /// IORING_SEND_ZC_REPORT_USAGE
    private static let reportsUsage: UInt16 = 1 << 3
}

extension CompletionEntry {
    /// Whether this is the notification of a zero-copy send, and says that the kernel had copied the bytes
    /// (IORING_NOTIF_USAGE_ZC_COPIED).
    package var reportsCopy: Bool { isNotification && UInt32(bitPattern: result) & 1 << 31 != 0 }

    /// Whether this is the notification of a zero-copy send. Its result is no error number.
    package var isNotification: Bool { flags.contains(.notification) }
}
