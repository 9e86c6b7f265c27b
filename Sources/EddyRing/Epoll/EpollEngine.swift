internal import CLiburing
internal import EddySystem
internal import Glibc

// What `enter` does, in this order:
//
//     1. submissions    each is tried at once, or waits for an event of epoll         ┐
//     2. ready queues   those whose turn ended early continue                         │ post completions
//     3. epoll_wait     until something happens, unless there are completions already │
//     4. events         the queues that they concern continue                         │
//     5. timeouts       those that are due complete                                   ┘
//     repeats from 2 until enough completions are posted or the deadline has passed
//
// Descriptors are watched edge-triggered, so that a long-running operation such as a multishot receive needs one
// epoll_ctl(2). An operation that begins to wait always calls epoll_ctl(2), even if epoll already watches the
// descriptor: the descriptor may have been closed and its number reused without notice.
//
// The engine performs no operation whose completion does not fit into the queue. Until there is room, submissions stay
// in their queue and descriptor queues stay ready. So no completion is lost or reordered.

/// Performs a ring's operations by non-blocking calls, for systems that forbid io_uring.
///
/// It fulfils the same contract as the kernel, on the thread that created it, and does nothing outside of `enter`.
@safe
final class EpollEngine {
    let queues: RingQueues
    let groups = BufferGroups()
    let operations = OperationTable()
    let descriptors = DescriptorTable()

    private let epoll: Int32
    private let events: UnsafeMutablePointer<epoll_event>
    private static let maximumEvents = 256
    /// The running timeouts, which belong to no descriptor queue.
    var timeouts = TimeoutQueue()
    /// The number of operations that a `cancelEverything` in progress has ended.
    var cancelledSoFar: Int32 = 0
    /// Whether the kernel has epoll_pwait2(2).
    private var hasNanosecondWaits = true

    init(submissionEntries: UInt32, completionEntries: UInt32) throws(RingError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw RingError(call: "epoll_create1", error: .current) }
        queues = RingQueues(submissionEntries: submissionEntries, completionEntries: completionEntries)
        unsafe events = .allocate(capacity: Self.maximumEvents)
    }

    deinit {
        close(epoll)
        queues.deallocate()
        unsafe events.deallocate()
    }

    // MARK: Entering

    /// Submits the queued entries, then waits for completions until the deadline.
    ///
    /// - Returns: entries submitted, or the negated error number.
    func enter(waitFor count: UInt32, deadline: Instant?) -> Int32 {
        let count = min(count, queues.completionCapacity)
        let submitted = takeSubmissions()
        while true {
            runReadyQueues()
            let mayWait = completionCount < count && !descriptors.hasReady
            let ready = wait(
                until: mayWait ? min(deadline ?? .distantFuture, timeouts.nextDeadline ?? .distantFuture) : .distantPast
            )
            if ready < 0 { return submitted > 0 ? submitted : ready }
            for index in 0..<Int(ready) {
                unsafe handle(events[index].events, on: events[index].data.fd)
            }
            fireTimeouts()
            guard completionCount < count else { return submitted }
            if let deadline, MonotonicClock.now >= deadline { return submitted > 0 ? submitted : -ETIME }
        }
    }

    /// Waits for events until the deadline; with `distantPast` it does not wait.
    ///
    /// - Returns: the number of events, or the negated error number.
    private func wait(until deadline: Instant) -> Int32 {
        var result: Int32
        switch deadline {
        case .distantPast: result = unsafe epoll_wait(epoll, events, Int32(Self.maximumEvents), 0)
        case .distantFuture: result = unsafe epoll_wait(epoll, events, Int32(Self.maximumEvents), -1)
        default: result = wait(nanoseconds: MonotonicClock.now.nanoseconds(to: deadline))
        }
        return result < 0 ? -errno : result
    }

    private func wait(nanoseconds: UInt64) -> Int32 {
        if hasNanosecondWaits {
            let second: UInt64 = 1_000_000_000
            var time = __kernel_timespec(tv_sec: Int64(nanoseconds / second), tv_nsec: Int64(nanoseconds % second))
            let result = unsafe eddy_epoll_wait_nanoseconds(epoll, events, Int32(Self.maximumEvents), &time)
            guard result < 0, errno == ENOSYS || errno == EPERM else { return result }
            hasNanosecondWaits = false
        }
        // Round up, so that no deadline is reported early.
        let milliseconds = nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 == 0 ? 0 : 1)
        return unsafe epoll_wait(epoll, events, Int32(Self.maximumEvents), Int32(clamping: milliseconds))
    }

    /// Handles an event: a hint that waiting operations may continue. It may concern an earlier file with the same
    /// number.
    private func handle(_ events: UInt32, on descriptor: Int32) {
        let ended = EPOLLERR.rawValue | EPOLLHUP.rawValue
        let special = ended | EPOLLRDHUP.rawValue | EPOLLPRI.rawValue
        if events & special != 0 { descriptors[descriptor].mayHoldMore = true }
        if events & (special | EPOLLIN.rawValue) != 0 { advance(.reading(descriptor)) }
        if events & (ended | EPOLLOUT.rawValue) != 0 { advance(.writing(descriptor)) }
    }

    private func fireTimeouts() {
        guard timeouts.nextDeadline != nil else { return }
        let now = MonotonicClock.now
        while hasRoom, let operation = timeouts.firstDue(at: now) {
            post(operations[operation].entry.token, -ETIME)
            timeouts.remove(operation)
            operations.remove(operation)
        }
    }

    // MARK: Completions

    /// The number of unread completions.
    var completionCount: UInt32 { unsafe queues.completionTail.pointee &- queues.completionHead.pointee }

    var hasRoom: Bool { completionCount < queues.completionCapacity }
    var hasRoomForTwo: Bool { completionCount + 1 < queues.completionCapacity }

    /// - Precondition: ``hasRoom``.
    func post(_ token: OperationToken, _ result: Int32, _ flags: CompletionEntry.Flags = []) {
        let tail = unsafe queues.completionTail.pointee
        let completion = CompletionEntry(token: token, result: result, flags: flags)
        unsafe queues.completions[Int(tail & (queues.completionCapacity - 1))] = completion
        unsafe queues.completionTail.pointee = tail &+ 1
    }

    // MARK: Descriptor queues

    /// Continues the operations of a queue in order, until one has to wait again.
    func advance(_ queue: DescriptorQueue) {
        while case let operation = descriptors[queue].first, operation != OperationTable.none {
            guard hasRoom else { return descriptors.appendReady(queue) }
            switch proceed(operation) {
            case .finished: operations.remove(operation, from: &descriptors[queue].first)
            case .waits: return
            case .yields: return descriptors.appendReady(queue)
            }
        }
    }

    /// Runs each queue that was ready at the call, once.
    private func runReadyQueues() {
        guard let last = descriptors.lastReadyQueue else { return }
        while hasRoom, let queue = descriptors.popReady() {
            advance(queue)
            if queue == last { return }
        }
    }

    /// Appends an operation to its queue, to continue when epoll reports an event.
    func enqueue(_ operation: WaitingOperation, in queue: DescriptorQueue) {
        guard descriptors.makeRoom(for: queue.descriptor) else { return post(operation.entry.token, -EBADF) }
        let isFirst = descriptors[queue].first == OperationTable.none
        let slot = operations.append(operation, to: &descriptors[queue].first)
        guard isFirst, let error = watch(queue.descriptor) else { return }
        fail(slot, in: queue, error)
    }

    /// Ends an operation whose descriptor epoll cannot watch: it is closed, or a file, which is always ready (EPERM).
    private func fail(_ slot: UInt32, in queue: DescriptorQueue, _ error: SystemError) {
        let entry = operations[slot].entry
        switch error {
        case .notPermitted where entry.operation == .read: post(entry.token, readFile(entry))
        case .notPermitted: post(entry.token, -ENOTSOCK)
        default: post(entry.token, -error.code)
        }
        operations.remove(slot, from: &descriptors[queue].first)
    }

    /// Makes epoll report the events that the descriptor's queues wait for: at once if available, and at each change.
    private func watch(_ descriptor: Int32) -> SystemError? {
        var events = EPOLLET.rawValue
        if descriptors[.reading(descriptor)].first != OperationTable.none {
            events |= EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLPRI.rawValue
        }
        if descriptors[.writing(descriptor)].first != OperationTable.none { events |= EPOLLOUT.rawValue }
        var event = unsafe epoll_event(events: events, data: epoll_data_t(fd: descriptor))
        descriptors[descriptor].mayHoldMore = false
        let wasRegistered = descriptors[descriptor].isRegistered
        let (first, second) = wasRegistered ? (EPOLL_CTL_MOD, EPOLL_CTL_ADD) : (EPOLL_CTL_ADD, EPOLL_CTL_MOD)
        var result = unsafe epoll_ctl(epoll, first, descriptor, &event)
        if result != 0, errno == (wasRegistered ? ENOENT : EEXIST) {
            result = unsafe epoll_ctl(epoll, second, descriptor, &event)
        }
        descriptors[descriptor].isRegistered = result == 0
        return result == 0 ? nil : .current
    }
}
