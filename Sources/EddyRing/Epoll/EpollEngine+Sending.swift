internal import CLiburing
internal import Glibc

extension EpollEngine {
    func startSending(_ entry: SubmissionEntry) {
        let descriptor = entry.descriptor
        guard descriptor >= 0 else { return post(entry.token, -EBADF) }
        let mayWait = entry.callFlags & UInt32(MSG_DONTWAIT) == 0
        if mayWait, isOccupied(.writing(descriptor)) { return keep(entry, sent: 0) }
        let byteCount = unsafe entry.operation == .send ? Int(entry.byteCount) : Self.byteCount(of: message(of: entry))
        let result = entry.operation == .send ? sendOnce(entry, from: 0) : sendMessageOnce(entry)
        if mayWait, result == -EAGAIN || (result >= 0 && Int(result) < byteCount) {
            return keep(entry, sent: max(0, Int(result)))
        }
        if entry.flags.contains(.skipSuccess), result >= 0, Int(result) == byteCount { return }
        post(entry.token, result)
    }

    /// Queues the rest of a send until the socket has room.
    private func keep(_ entry: SubmissionEntry, sent: Int) {
        var operation = WaitingOperation(entry, progress: UInt32(sent))
        if entry.operation == .sendMessage {
            unsafe operation.vectors = Self.rest(of: message(of: entry), after: sent)
        }
        enqueue(operation, in: .writing(entry.descriptor))
    }

    /// Continues a send until all of it is sent or the socket is full.
    func send(_ slot: UInt32) -> PollResult {
        let entry = operations[slot].entry
        while true {
            let result =
                unsafe operations[slot].vectors.map { unsafe sendVectors(entry, $0) }
                ?? sendOnce(entry, from: Int(operations[slot].progress))
            if result == -EAGAIN { return .waits }
            let sent = operations[slot].progress
            guard result > 0 else {
                // Report the bytes that were sent before the connection broke; the next operation gets the error.
                finish(entry, sent > 0 ? Int32(bitPattern: sent) : result, isWhole: result == 0)
                return .finished
            }
            operations[slot].progress = sent + UInt32(result)
            if let vectors = unsafe operations[slot].vectors {
                guard unsafe Self.drop(Int(result), from: vectors) else { continue }
            } else if operations[slot].progress < entry.byteCount {
                continue
            }
            finish(entry, Int32(bitPattern: operations[slot].progress), isWhole: true)
            return .finished
        }
    }

    private func finish(_ entry: SubmissionEntry, _ result: Int32, isWhole: Bool) {
        if isWhole, entry.flags.contains(.skipSuccess) { return }
        post(entry.token, result)
    }

    // MARK: Calls

    /// send(2) of the bytes after the first `sent`, without waiting.
    private func sendOnce(_ entry: SubmissionEntry, from sent: Int) -> Int32 {
        let address = unsafe UnsafeRawPointer(bitPattern: UInt(entry.address)).map { unsafe $0 + sent }
        let flags = Self.flags(of: entry)
        while true {
            let result = unsafe Glibc.send(entry.descriptor, address, Int(entry.byteCount) - sent, flags)
            if result >= 0 { return Int32(result) }
            if errno != EINTR { return -errno }
        }
    }

    private func sendMessageOnce(_ entry: SubmissionEntry) -> Int32 {
        guard let message = unsafe message(of: entry) else { return -EFAULT }
        return unsafe send(message, of: entry)
    }

    /// sendmsg(2) of the remaining vectors.
    private func sendVectors(_ entry: SubmissionEntry, _ vectors: UnsafeMutableBufferPointer<iovec>) -> Int32 {
        var message = unsafe msghdr()
        // Vectors that were sent are empty, which costs nothing.
        unsafe message.msg_iov = vectors.baseAddress
        unsafe message.msg_iovlen = vectors.count
        return unsafe withUnsafePointer(to: &message) { unsafe send($0, of: entry) }
    }

    private func send(_ message: UnsafePointer<msghdr>, of entry: SubmissionEntry) -> Int32 {
        let flags = Self.flags(of: entry)
        while true {
            let result = unsafe sendmsg(entry.descriptor, message, flags)
            if result >= 0 { return Int32(result) }
            if errno != EINTR { return -errno }
        }
    }

    private static func flags(of entry: SubmissionEntry) -> Int32 {
        Int32(bitPattern: entry.callFlags) | Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    }

    // MARK: Messages

    private func message(of entry: SubmissionEntry) -> UnsafePointer<msghdr>? {
        unsafe UnsafePointer<msghdr>(bitPattern: UInt(entry.address))
    }

    private static func byteCount(of message: UnsafePointer<msghdr>?) -> Int {
        guard let message = unsafe message else { return 0 }
        let vectors = unsafe UnsafeBufferPointer(start: message.pointee.msg_iov, count: message.pointee.msg_iovlen)
        var total = 0
        for index in vectors.indices { unsafe total += vectors[index].iov_len }
        return total
    }

    /// A copy of the message's vectors without the first `sent` bytes.
    private static func rest(
        of message: UnsafePointer<msghdr>?,
        after sent: Int
    ) -> UnsafeMutableBufferPointer<iovec>? {
        guard let message = unsafe message else { return nil }
        let vectors = unsafe UnsafeBufferPointer(start: message.pointee.msg_iov, count: message.pointee.msg_iovlen)
        let copy = UnsafeMutableBufferPointer<iovec>.allocate(capacity: vectors.count)
        unsafe _ = copy.initialize(from: vectors)
        unsafe _ = drop(sent, from: copy)
        return unsafe copy
    }

    /// Removes `byteCount` bytes from the front. Returns whether nothing is left.
    private static func drop(_ byteCount: Int, from vectors: UnsafeMutableBufferPointer<iovec>) -> Bool {
        var left = byteCount
        for index in vectors.indices {
            let part = unsafe min(left, vectors[index].iov_len)
            unsafe vectors[index].iov_base += part
            unsafe vectors[index].iov_len -= part
            left -= part
            if unsafe vectors[index].iov_len > 0 { return false }
        }
        return true
    }
}
