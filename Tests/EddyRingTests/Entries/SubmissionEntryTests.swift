import CLiburing
import EddyRing
import EddySystem
import Glibc
import Testing

/// Eddy's entries equal the kernel's byte for byte, compared with those that liburing prepares.
@Suite("ring: submission entries")
struct SubmissionEntryTests {
    private let token = OperationToken(kind: 7, generation: 0x12_3456, index: 0x89AB_CDEF)

    @Test("Each field has the offset of the C struct's")
    func layout() {
        #expect(MemoryLayout<SubmissionEntry>.size == MemoryLayout<io_uring_sqe>.size)
        #expect(MemoryLayout<SubmissionEntry>.stride == 64)
        var entry = SubmissionEntry(.send, descriptor: 0x0102_0304, token: token)
        entry.flags = .bufferSelect
        entry.operationOptions = 0x0506
        entry.offset = 0x0708_090A_0B0C_0D0E
        entry.address = 0x1112_1314_1516_1718
        entry.byteCount = 0x191A_1B1C
        entry.callFlags = 0x1D1E_1F20
        entry.bufferGroup = 0x2122
        entry.optionLength = 0x2526_2728
        let sqe = unsafeBitCast(entry, to: io_uring_sqe.self)
        #expect(sqe.opcode == 26)
        #expect(sqe.flags == 1 << 5)
        #expect(sqe.ioprio == 0x0506)
        #expect(sqe.fd == 0x0102_0304)
        #expect(sqe.off == 0x0708_090A_0B0C_0D0E)
        #expect(sqe.addr == 0x1112_1314_1516_1718)
        #expect(sqe.len == 0x191A_1B1C)
        #expect(sqe.msg_flags == 0x1D1E_1F20)
        #expect(sqe.user_data == token.rawValue)
        #expect(sqe.buf_group == 0x2122)
        #expect(sqe.personality == 0)
        #expect(sqe.file_index == 0x2526_2728)
    }

    @Test("Accept")
    func accept() {
        expectSame(.acceptMultishot(descriptor: 5, token: token)) {
            io_uring_prep_multishot_accept($0, 5, nil, nil, Int32(SOCK_CLOEXEC.rawValue))
        }
    }

    @Test("Connect")
    func connect() throws {
        try SocketAddress("[::1]:80").withSystemAddress { address, length in
            let entry = SubmissionEntry.connect(descriptor: 5, address: address, addressLength: length, token: token)
            expectSame(entry) {
                io_uring_prep_connect($0, 5, address.assumingMemoryBound(to: sockaddr.self), socklen_t(length))
            }
        }
    }

    @Test("Receives")
    func receive() {
        expectSame(.receiveOnce(descriptor: 5, group: 3, token: token)) {
            io_uring_prep_recv($0, 5, nil, 0, 0)
            $0.pointee.flags = UInt8(1 << 5)
            $0.pointee.buf_group = 3
        }
        let multishot = SubmissionEntry.receiveMultishot(
            descriptor: 5,
            group: 3,
            limit: 4096,
            expectsDelay: true,
            token: token
        )
        expectSame(multishot) {
            io_uring_prep_recv_multishot($0, 5, nil, 0, 0)
            $0.pointee.flags = UInt8(1 << 5)
            $0.pointee.buf_group = 3
            $0.pointee.ioprio |= UInt16(IORING_RECVSEND_POLL_FIRST)
            $0.pointee.file_index = 4096
        }
    }

    @Test("Sends")
    func send() {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_WAITALL)
        var bytes: [UInt8] = [1, 2, 3]
        bytes.withUnsafeMutableBytes { bytes in
            let address = UnsafeRawPointer(bytes.baseAddress!)
            let entry = SubmissionEntry.send(descriptor: 5, address: address, byteCount: 3, token: token)
            expectSame(entry) { io_uring_prep_send($0, 5, address, 3, flags) }
            expectSame(entry.endingInline()) {
                io_uring_prep_send($0, 5, address, 3, flags | Int32(MSG_DONTWAIT))
                $0.pointee.flags = UInt8(1 << 6)
            }
            let message = SubmissionEntry.sendMessage(descriptor: 5, message: address, token: token)
            expectSame(message) {
                io_uring_prep_sendmsg($0, 5, address.assumingMemoryBound(to: msghdr.self), UInt32(flags))
            }
        }
    }

    @Test("Cancellations")
    func cancel() {
        let target = OperationToken(kind: 1, generation: 2, index: 3)
        expectSame(.cancel(target, token: token)) { io_uring_prep_cancel64($0, target.rawValue, 0) }
        expectSame(.cancelEverything(token: token)) {
            let everything = UInt32(IORING_ASYNC_CANCEL_ALL) | UInt32(IORING_ASYNC_CANCEL_ANY)
            io_uring_prep_cancel64($0, 0, Int32(everything))
        }
    }

    @Test("Reads of a descriptor without a position")
    func read() {
        var counter: UInt64 = 0
        withUnsafeMutableBytes(of: &counter) { counter in
            let address = counter.baseAddress!
            expectSame(.read(descriptor: 5, into: address, byteCount: 8, token: token)) {
                io_uring_prep_read($0, 5, address, 8, UInt64.max)
            }
        }
    }

    @Test("Timeouts")
    func timeout() {
        var time = __kernel_timespec(tv_sec: 3, tv_nsec: 4)
        withUnsafeMutablePointer(to: &time) { time in
            expectSame(.timeout(time, token: token)) { io_uring_prep_timeout($0, time, 0, 0) }
        }
    }

    /// Compares all 64 bytes with those that liburing prepares.
    private func expectSame(
        _ entry: SubmissionEntry,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ prepare: (UnsafeMutablePointer<io_uring_sqe>) -> Void
    ) {
        var sqe = io_uring_sqe()
        withUnsafeMutablePointer(to: &sqe) { sqe in
            prepare(sqe)
            sqe.pointee.user_data = token.rawValue
        }
        let prepared = withUnsafeBytes(of: sqe) { Array($0) }
        let own = withUnsafeBytes(of: entry) { Array($0) }
        #expect(own == prepared, sourceLocation: sourceLocation)
    }
}
