internal import CLiburing
internal import EddyBuffers
internal import EddySystem
internal import Glibc

extension EpollEngine {
    /// Takes queued submissions while there is room for completions.
    ///
    /// - Returns: the number of entries taken.
    func takeSubmissions() -> Int32 {
        let (first, tail) = unsafe (queues.submissionHead.pointee, queues.submissionTail.pointee)
        var head = first
        while head != tail, hasRoom {
            let entry = unsafe queues.submissions + Int(head & (queues.submissionCapacity - 1))
            guard start(unsafe entry.pointee) else { break }
            head &+= 1
        }
        unsafe queues.submissionHead.pointee = head
        return Int32(head &- first)
    }

    /// Starts an operation or performs all of it. Returns false if it must be submitted again once there is room.
    ///
    /// Operations that will wait, because they never end or expect a delay, are not tried first: epoll reports at once
    /// what is already available.
    private func start(_ entry: SubmissionEntry) -> Bool {
        switch entry.operation {
        case .send, .sendMessage: startSending(entry)
        case .receive: startReceiving(entry)
        case .accept: startAccepting(entry)
        case .connect: startConnecting(entry)
        case .read: startWaiting(entry, toRead: true)
        case .timeout: startTimeout(entry)
        case .asyncCancel: return cancel(entry)
        default: post(entry.token, -EINVAL)
        }
        return true
    }

    /// Appends an operation that has not started to its descriptor queue.
    func startWaiting(_ entry: SubmissionEntry, toRead: Bool) {
        let descriptor = entry.descriptor
        // A negative descriptor has no queue.
        guard descriptor >= 0 else { return post(entry.token, -EBADF) }
        enqueue(WaitingOperation(entry), in: toRead ? .reading(descriptor) : .writing(descriptor))
    }

    /// Whether another operation waits in the queue, which this one must not overtake.
    func isOccupied(_ queue: DescriptorQueue) -> Bool {
        Int(queue.descriptor) < descriptors.capacity && descriptors[queue].first != OperationTable.none
    }

    /// Continues the first operation of a queue.
    func proceed(_ slot: UInt32) -> PollResult {
        switch operations[slot].entry.operation {
        case .receive: receive(slot)
        case .send, .sendMessage: send(slot)
        case .accept: accept(slot)
        case .connect: connect(slot)
        case .read: read(slot)
        default: unreachable("an operation waits in a queue that is not its own")
        }
    }

    /// The result of polling an operation.
    enum PollResult {
        /// Its last completion is posted.
        case finished
        /// The operation waits for an event of epoll.
        case waits
        /// The operation can continue, but other queues run first.
        case yields
    }

    // MARK: Timeouts

    private func startTimeout(_ entry: SubmissionEntry) {
        guard let time = unsafe UnsafePointer<__kernel_timespec>(bitPattern: UInt(entry.address)) else {
            return post(entry.token, -EFAULT)
        }
        let (seconds, nanoseconds) = unsafe (time.pointee.tv_sec, time.pointee.tv_nsec)
        guard seconds >= 0, (0..<1_000_000_000).contains(nanoseconds) else { return post(entry.token, -EINVAL) }
        let duration = Duration(secondsComponent: seconds, attosecondsComponent: nanoseconds * 1_000_000_000)
        let deadline = MonotonicClock.now.advanced(by: duration)
        timeouts.insert(operations.insert(WaitingOperation(entry)), deadline: deadline)
    }

    // MARK: Cancelling

    /// Cancels the operation that the entry names. Returns false if the completions of both do not fit.
    private func cancel(_ entry: SubmissionEntry) -> Bool {
        if entry.callFlags & UInt32(IORING_ASYNC_CANCEL_ANY) != 0 { return cancelEverything(entry.token) }
        guard let slot = operations.first(OperationToken(rawValue: entry.address)) else {
            post(entry.token, -ENOENT)
            return true
        }
        guard hasRoomForTwo else { return false }
        end(slot)
        post(entry.token, 0)
        return true
    }

    private func cancelEverything(_ token: OperationToken) -> Bool {
        while let slot = operations.any() {
            guard hasRoomForTwo else { return false }
            end(slot)
            cancelledSoFar += 1
        }
        post(token, cancelledSoFar)
        cancelledSoFar = 0
        return true
    }

    /// Posts the last completion of a waiting operation. That of a partial send reports the number of bytes sent.
    private func end(_ slot: UInt32) {
        let entry = operations[slot].entry
        let isSend = entry.operation == .send || entry.operation == .sendMessage
        let sent = isSend ? Int32(bitPattern: operations[slot].progress) : 0
        post(entry.token, sent > 0 ? sent : -ECANCELED)
        switch entry.operation {
        case .timeout:
            timeouts.remove(slot)
            operations.remove(slot)
        case .connect, .send, .sendMessage:
            operations.remove(slot, from: &descriptors[.writing(entry.descriptor)].first)
        default:
            operations.remove(slot, from: &descriptors[.reading(entry.descriptor)].first)
        }
    }
}
