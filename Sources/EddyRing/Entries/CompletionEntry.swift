package import EddySystem

/// One completion: `struct io_uring_cqe` of the kernel's ABI, 16 bytes.
@usableFromInline
package struct CompletionEntry: Sendable {
    package var token: OperationToken
    /// What the system call would have returned; a failure is a negated error number.
    package var result: Int32
    @usableFromInline
    package var flags: Flags

    package init(token: OperationToken, result: Int32, flags: Flags = []) {
        self.token = token
        self.result = result
        self.flags = flags
    }

    /// The error of a failed operation; nil on success.
    package var error: SystemError? {
        result < 0 ? SystemError(-result) : nil
    }

    /// Whether the operation posts no further completion. From then on the submitter may reuse the operation's memory.
    @inlinable
    package var isLast: Bool { !flags.contains(.more) }

    /// The index of the provided buffer that the operation used, if any.
    @inlinable
    package var bufferIndex: UInt16? {
        flags.contains(.buffer) ? UInt16(truncatingIfNeeded: flags.rawValue >> 16) : nil
    }

    /// `IORING_CQE_F_…`
    @usableFromInline
    package struct Flags: OptionSet, Sendable {
        @usableFromInline
        package let rawValue: UInt32
        @inlinable
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        /// The operation used a provided buffer; its index is in the upper 16 bits.
        @inlinable
        package static var buffer: Flags { Flags(rawValue: 1 << 0) }
        /// The operation continues and posts further completions.
        @inlinable
        package static var more: Flags { Flags(rawValue: 1 << 1) }
        /// The socket still had bytes after the receive.
        @inlinable
        package static var socketNotEmpty: Flags { Flags(rawValue: 1 << 2) }
        /// The kernel no longer uses the memory of a zero-copy send.
        @inlinable
        package static var notification: Flags { Flags(rawValue: 1 << 3) }
        /// The kernel continues to fill the same buffer after these bytes (6.12).
        @inlinable
        package static var bufferContinues: Flags { Flags(rawValue: 1 << 4) }
    }
}
