/// One submission: `struct io_uring_sqe` of the kernel's ABI, 64 bytes, field by field.
///
/// The loop writes these entries and every engine reads them, including the kernel, so the layout is the kernel's
/// (include/uapi/linux/io_uring.h). `SubmissionEntryTests` compare it with the C struct. Fields that Eddy does not use
/// are private and stay 0.
package struct SubmissionEntry {
    package var operation: Operation
    package var flags: Flags = []
    /// Flags of the operation that the kernel keeps in its `ioprio` field.
    package var operationOptions: UInt16 = 0
    package var descriptor: Int32
    /// `off`, `addr2`: a second address or length, depending on the operation.
    package var offset: UInt64 = 0
    package var address: UInt64 = 0
    package var byteCount: UInt32 = 0
    /// `msg_flags`, `accept_flags`, `cancel_flags` …: the flags of the equivalent system call.
    package var callFlags: UInt32 = 0
    package var token: OperationToken
    /// `buf_index` of a fixed buffer, `buf_group` of provided ones.
    package var bufferGroup: UInt16 = 0
    private var personality: UInt16 = 0
    /// `file_index`, and since 6.17 `optlen`, the limit of a multishot receive in bytes.
    package var optionLength: UInt32 = 0
    private var reserved: (UInt64, UInt64) = (0, 0)

    package init(_ operation: Operation, descriptor: Int32, token: OperationToken) {
        self.operation = operation
        self.descriptor = descriptor
        self.token = token
    }

    /// An operation on memory: `byteCount` bytes, or that many structures, at `address`.
    init(
        _ operation: Operation,
        descriptor: Int32,
        address: UnsafeRawPointer,
        byteCount: Int,
        token: OperationToken
    ) {
        self.init(operation, descriptor: descriptor, token: token)
        self.address = UInt64(UInt(bitPattern: address))
        self.byteCount = UInt32(byteCount)
    }

    /// The number of bytes that a receive may take of a provided buffer with `capacity` bytes left. A length of 0 sets
    /// no limit.
    package func room(in capacity: Int) -> Int { byteCount == 0 ? capacity : min(capacity, Int(byteCount)) }

    /// The operations of `enum io_uring_op` that Eddy submits. A struct, since the memory layout of an enum is not its
    /// raw value.
    package struct Operation: Equatable, Sendable {
        package let rawValue: UInt8
        private init(_ rawValue: UInt8) { self.rawValue = rawValue }
        package static let readFixed = Operation(4)
        package static let sendMessage = Operation(9)
        package static let timeout = Operation(11)
        package static let accept = Operation(13)
        package static let asyncCancel = Operation(14)
        package static let connect = Operation(16)
        package static let read = Operation(22)
        package static let send = Operation(26)
        package static let receive = Operation(27)
        package static let sendZeroCopy = Operation(47)
        package static let sendMessageZeroCopy = Operation(48)
    }

    /// `IOSQE_…`
    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Take the buffer from the provided-buffer ring `bufferGroup`.
        package static let bufferSelect = Flags(rawValue: 1 << 5)
        /// Post no completion for a success (5.17).
        package static let skipSuccess = Flags(rawValue: 1 << 6)
    }
}
