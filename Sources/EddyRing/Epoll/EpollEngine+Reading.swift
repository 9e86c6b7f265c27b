internal import CLiburing
internal import Glibc

extension EpollEngine {
    /// Reads from a descriptor without a position, such as an eventfd.
    func read(_ slot: UInt32) -> PollResult {
        let entry = operations[slot].entry
        while true {
            var result = read(entry, flags: EDDY_RWF_NOWAIT)
            if result == -EOPNOTSUPP || result == -ENOSYS {
                // The file does not support RWF_NOWAIT: poll first, so that the read does not block.
                var poll = pollfd(fd: entry.descriptor, events: Int16(POLLIN), revents: 0)
                guard unsafe Glibc.poll(&poll, 1, 0) > 0 else { return .waits }
                result = read(entry, flags: 0)
            }
            if result == -EAGAIN { return .waits }
            if result == -EINTR { continue }
            post(entry.token, result)
            return .finished
        }
    }

    /// Reads from a file and blocks for the disk: epoll cannot wait for files.
    func readFile(_ entry: SubmissionEntry) -> Int32 {
        var result = read(entry, flags: 0)
        while result == -EINTR { result = read(entry, flags: 0) }
        return result
    }

    private func read(_ entry: SubmissionEntry, flags: Int32) -> Int32 {
        let address = unsafe UnsafeMutableRawPointer(bitPattern: UInt(entry.address))
        var vector = unsafe iovec(iov_base: address, iov_len: Int(entry.byteCount))
        let position = off_t(truncatingIfNeeded: entry.offset)
        let result = unsafe preadv2(entry.descriptor, &vector, 1, position, flags)
        return result < 0 ? -errno : Int32(result)
    }
}
