internal import CLiburing
internal import EddyRing
internal import Glibc

/// An operation that the simulated engine has taken and whose last completion has not been posted to the queue.
@safe
final class SimulatedOperation {
    let entry: SubmissionEntry
    /// The number of operations submitted before.
    let number: UInt64
    /// The memory that a send reads.
    private(set) var pieces: [UnsafeRawBufferPointer]
    /// The checksum of a send's bytes, which must not change while the operation is in flight.
    private var checksum: UInt64
    /// The number of bytes sent or received so far.
    var progress = 0
    /// Whether the operation has ended; its last completion may wait for room.
    var hasEnded = false
    /// Whether a cancellation has found the operation: it ends with the next bytes.
    var isBeingCancelled = false

    init(_ entry: SubmissionEntry, number: UInt64) {
        self.entry = entry
        self.number = number
        unsafe pieces = Self.pieces(of: entry)
        checksum = unsafe Self.checksum(of: pieces)
    }

    var isMultishot: Bool {
        switch entry.operation {
        case .receive: entry.operationOptions & UInt16(IORING_RECV_MULTISHOT) != 0
        case .accept: entry.operationOptions & UInt16(IORING_ACCEPT_MULTISHOT) != 0
        default: false
        }
    }
    var endsInline: Bool { entry.callFlags & UInt32(MSG_DONTWAIT) != 0 }
    var isZeroCopy: Bool { entry.operation == .sendZeroCopy || entry.operation == .sendMessageZeroCopy }

    // MARK: Bytes of sends

    var byteCount: Int { unsafe pieces.reduce(0) { $0 + $1.count } }

    /// The rest of the piece that contains the first unsent byte.
    var rest: UnsafeRawBufferPointer? {
        var skipped = progress
        for index in unsafe pieces.indices {
            let piece = unsafe pieces[index]
            if skipped < piece.count { return unsafe UnsafeRawBufferPointer(rebasing: piece[skipped...]) }
            skipped -= piece.count
        }
        return nil
    }

    /// Whether the bytes are unchanged since submission.
    var isIntact: Bool { unsafe Self.checksum(of: pieces) == checksum }

    /// Releases the unsent bytes to the submitter: the first completion of a zero-copy send reports how many were sent.
    func letGoOfUnsent() {
        var left = progress
        for index in unsafe pieces.indices {
            let count = unsafe min(left, pieces[index].count)
            unsafe pieces[index] = UnsafeRawBufferPointer(rebasing: pieces[index][..<count])
            left -= count
        }
        checksum = unsafe Self.checksum(of: pieces)
    }

    private static func pieces(of entry: SubmissionEntry) -> [UnsafeRawBufferPointer] {
        switch entry.operation {
        case .send, .sendZeroCopy:
            let address = unsafe UnsafeRawPointer(bitPattern: UInt(entry.address))
            return unsafe [UnsafeRawBufferPointer(start: address, count: Int(entry.byteCount))]
        case .sendMessage, .sendMessageZeroCopy:
            guard let message = unsafe UnsafePointer<msghdr>(bitPattern: UInt(entry.address)) else { return unsafe [] }
            let vectors = unsafe UnsafeBufferPointer(
                start: message.pointee.msg_iov,
                count: message.pointee.msg_iovlen
            )
            return unsafe vectors.map { unsafe UnsafeRawBufferPointer(start: $0.iov_base, count: $0.iov_len) }
        default: return unsafe []
        }
    }

    private static func checksum(of pieces: [UnsafeRawBufferPointer]) -> UInt64 {
        var sum: UInt64 = 0
        for index in unsafe pieces.indices {
            let piece = unsafe pieces[index]
            var offset = 0
            while offset + 8 <= piece.count {
                unsafe sum = (sum ^ piece.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* 0x100_0000_01B3
                offset += 8
            }
            while offset < piece.count {
                unsafe sum = (sum ^ UInt64(piece[offset])) &* 0x100_0000_01B3
                offset += 1
            }
        }
        return sum
    }
}
