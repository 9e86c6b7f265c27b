internal import CLiburing

// A zero-copy send posts two completions. The first reports the number of bytes sent, like that of any send. If it has
// the `more` flag, a second completion follows, the notification. It reports that the kernel no longer reads the
// memory, and whether the kernel copied the bytes after all (`io_uring_prep_send_zc(3)`, 6.0;
// IORING_SEND_ZC_REPORT_USAGE, 6.2).

extension SubmissionEntry {
    /// Like ``send(descriptor:address:byteCount:token:)``, without copying. The memory must not change until the
    /// notification. `fixedBuffer` is the index of the registered memory that contains it.
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

    /// Like ``sendMessage(descriptor:message:token:)``, without copying (6.1).
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
    /// Whether this is the notification of a zero-copy send whose bytes the kernel copied after all
    /// (IORING_NOTIF_USAGE_ZC_COPIED).
    package var reportsCopy: Bool { isNotification && UInt32(bitPattern: result) & 1 << 31 != 0 }

    /// Whether this is the notification of a zero-copy send. Its result is not an error number.
    package var isNotification: Bool { flags.contains(.notification) }
}
