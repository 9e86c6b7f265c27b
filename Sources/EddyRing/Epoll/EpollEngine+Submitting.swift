internal import CLiburing
internal import EddyBuffers
internal import EddySystem
internal import Glibc

extension EpollEngine {
    /// Takes what is queued, as far as there is room for completions.
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

    /// Starts an operation, or performs all of it; false when it must be submitted again, once there is room.
    ///
    /// What surely has to wait, since it goes on for ever or expects a delay, is not even tried: epoll reports at once
    /// what is there already.
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

    /// Puts an operation of which nothing is done yet into its lane.
    func startWaiting(_ entry: SubmissionEntry, toRead: Bool) {
        let descriptor = entry.descriptor
        // A number that is no descriptor has no lane.
        guard descriptor >= 0 else { return post(entry.token, -EBADF) }
        enqueue(WaitingOperation(entry), in: toRead ? .reading(descriptor) : .writing(descriptor))
    }

    /// Whether another operation waits in the lane, which this one must not overtake.
    func isOccupied(_ lane: Lane) -> Bool {
        Int(lane.descriptor) < descriptors.capacity && descriptors[lane].first != OperationTable.none
    }

    /// Goes on with the first operation of a lane.
    func proceed(_ slot: UInt32) -> Progress {
        switch operations[slot].entry.operation {
        case .receive: receive(slot)
        case .send, .sendMessage: send(slot)
        case .accept: accept(slot)
        case .connect: connect(slot)
        case .read: read(slot)
        default: unreachable("an operation waits in a lane that is not its own")
        }
    }

    /// How far an operation has come.
    enum Progress {
        /// Its last completion is posted.
        case finished
        /// Until epoll reports something.
        case waits
        /// It could go on, and lets others go first.
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

    /// Ends what the entry names; false when there is no room for the completions of both.
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

    /// Posts the last completion of an operation that waits. A send that was under way says how much it sent.
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
