internal import CLiburing
internal import Glibc

extension EpollEngine {
    /// The number of bytes that one operation receives before other queues run.
    private static let bytesATurn = 256 << 10

    func startReceiving(_ entry: SubmissionEntry) {
        let descriptor = entry.descriptor
        let waitsFirst = UInt16(IORING_RECV_MULTISHOT) | UInt16(IORING_RECVSEND_POLL_FIRST)
        if entry.operationOptions & waitsFirst == 0, descriptor >= 0, !isOccupied(.reading(descriptor)) {
            guard let buffer = groups.next(of: entry.bufferGroup) else {
                return post(entry.token, fcntl(descriptor, F_GETFL) >= 0 ? -ENOBUFS : -EBADF)
            }
            let result = receive(entry, into: buffer)
            if result != -EAGAIN { return finish(entry, result, buffer) }
        }
        startWaiting(entry, toRead: true)
    }

    /// Continues a receive. A multishot receive continues until the socket is empty or its turn is over.
    func receive(_ slot: UInt32) -> PollResult {
        let entry = operations[slot].entry
        let isMultishot = entry.operationOptions & UInt16(IORING_RECV_MULTISHOT) != 0
        var left = Self.bytesATurn
        while true {
            guard left > 0, hasRoom else { return .yields }
            guard let buffer = groups.next(of: entry.bufferGroup) else {
                post(entry.token, -ENOBUFS)
                return .finished
            }
            let result = receive(entry, into: buffer)
            if result == -EAGAIN { return .waits }
            guard isMultishot, result > 0 else {
                finish(entry, result, buffer)
                return .finished
            }
            operations[slot].progress &+= UInt32(result)
            if entry.optionLength > 0, operations[slot].progress >= entry.optionLength {
                finish(entry, result, buffer)
                return .finished
            }
            post(entry.token, result, consume(result, of: buffer, entry).union(.more))
            // A receive shorter than the buffer has usually emptied the socket (epoll(7), question 9).
            if Int(result) < buffer.byteCount, !descriptors[entry.descriptor].mayHoldMore { return .waits }
            left -= Int(result)
        }
    }

    /// recv(2) without waiting.
    private func receive(_ entry: SubmissionEntry, into buffer: BufferGroups.Target) -> Int32 {
        let flags = Int32(bitPattern: entry.callFlags) | Int32(MSG_DONTWAIT)
        while true {
            let result = unsafe recv(entry.descriptor, buffer.address, entry.room(in: buffer.byteCount), flags)
            if result >= 0 { return Int32(result) }
            if errno != EINTR { return -errno }
        }
    }

    /// Posts the last completion of a receive. The end of the stream and failures consume no buffer.
    private func finish(_ entry: SubmissionEntry, _ result: Int32, _ buffer: BufferGroups.Target) {
        post(entry.token, result, result > 0 ? consume(result, of: buffer, entry) : [])
    }

    private func consume(
        _ result: Int32,
        of buffer: BufferGroups.Target,
        _ entry: SubmissionEntry
    ) -> CompletionEntry.Flags {
        let flags = groups.consume(Int(result), of: entry.bufferGroup)
        return Int(result) == entry.room(in: buffer.byteCount) ? flags.union(.socketNotEmpty) : flags
    }
}
