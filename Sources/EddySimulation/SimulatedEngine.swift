internal import CLiburing
internal import EddyRing
internal import EddySystem
internal import Glibc

// The engine of a simulated network: takes submissions, performs them on simulated sockets, posts completions.
//
//     submission ──▶ operation ──▶ in its socket's list, retried when the socket changes
//                                       │ result                    (or later)
//                                       ▼
//                               completion queue ──▶ or, if it is full, the overflow list, in order
//
// It fulfils the article "What an engine promises" and no more: any order that the article leaves open is random.

/// Performs a ring's operations in a ``SimulatedNetwork``.
@safe
final class SimulatedEngine: ExternalEngine {
    let network: SimulatedNetwork
    let queues: RingQueues
    let groups = BufferGroups()
    /// The operations in the order of submission.
    var operations: [SimulatedOperation] = []
    /// The completions that do not fit into the queue.
    private var overflow: [(operation: SimulatedOperation, completion: CompletionEntry)] = []
    private var provided: [UInt16: Provided] = [:]
    /// Until this time receives find no buffers, even if there are some.
    var stormEnd = Instant.distantPast
    /// Reads of real descriptors without a position: of the eventfd with which other threads wake the loop.
    var positionlessReads: [SimulatedOperation] = []
    private var enters = 0
    /// Since bytes were last received.
    private var entersWithoutBytes = 0
    /// The highest number of an operation that has posted a completion.
    private var lastPosted: UInt64 = 0

    /// A provided-buffer ring, and the number of its buffers that the engine has seen.
    @safe
    private struct Provided {
        let entries: UnsafeMutablePointer<ProvidedBuffer>
        let mask: UInt16
        var seen: UInt16 = 0
    }

    init(network: SimulatedNetwork, submissionEntries: UInt32, completionEntries: UInt32) {
        self.network = network
        queues = RingQueues(submissionEntries: submissionEntries, completionEntries: completionEntries)
    }

    deinit {
        queues.deallocate()
    }

    var kind: EngineKind { .simulated }
    var externalNetwork: any ExternalNetwork { network }

    // MARK: Entering

    /// Takes queued submissions, and advances time until `count` completions are available.
    func enter(waitFor count: UInt32, deadline: Instant?) -> Int32 {
        passTime()
        if enters % 16 == 0 { network.inspect() }
        poisonProvided()
        flushOverflow()
        if network.strikes(.enterInterrupted) { return -EINTR }
        if network.strikes(.enterRefused) { return overflow.isEmpty ? -EAGAIN : -EBUSY }
        let taken = takeSubmissions()
        runDueEvents()
        // If submissions are left, do not wait, as io_uring does not.
        guard unsafe queues.submissionHead.pointee == queues.submissionTail.pointee else { return taken }
        while readable < count {
            let next = network.nextEventTime ?? .distantFuture
            if let deadline, deadline < next {
                network.wait(until: deadline)
                runDueEvents()
                return taken > 0 ? taken : -ETIME
            }
            guard next < .distantFuture else { network.fail("the loop waits for what will never come") }
            guard next < network.timeLimit else { network.fail("what should have ended long ago goes on") }
            network.wait(until: next)
            runDueEvents()
            if network.strikes(.waitInterrupted) { return taken > 0 ? taken : -EINTR }
        }
        return taken
    }

    /// Runs due events, and performs reads of readable descriptors, to which other threads write.
    private func runDueEvents() {
        network.runDueEvents()
        positionlessReads.removeAll { $0.hasEnded || readWithoutPosition($0) }
    }

    /// - Returns: whether the operation completed, with data or an error.
    private func readWithoutPosition(_ operation: SimulatedOperation) -> Bool {
        let entry = operation.entry
        var file = pollfd(fd: entry.descriptor, events: Int16(POLLIN), revents: 0)
        // poll(2) ignores negative descriptors.
        if entry.descriptor >= 0, unsafe poll(&file, 1, 0) <= 0 { return false }
        let address = unsafe UnsafeMutableRawPointer(bitPattern: UInt(entry.address))
        let result = unsafe read(entry.descriptor, address, Int(entry.byteCount))
        post(operation, result < 0 ? -errno : Int32(result))
        return true
    }

    /// Advances time for the loop's own work.
    private func passTime() {
        enters += 1
        entersWithoutBytes += 1
        guard entersWithoutBytes < network.enterLimit else { network.fail("the loop goes round and round") }
        network.work(for: 200 + network.random.next() % 4096)
        if network.strikes(.loopStall) {
            network.work(for: UInt64(network.random.magnitude(100_000...3_000_000_000)))
        }
    }

    private func takeSubmissions() -> Int32 {
        let first = unsafe queues.submissionHead.pointee
        let tail = unsafe queues.submissionTail.pointee
        if tail &- first == queues.submissionCapacity { network.counters[.submissionQueueFull] += 1 }
        var head = first
        while head != tail {
            if head != first, network.strikes(.submissionsLeft) { break }
            let entry = unsafe queues.submissions[Int(head & (queues.submissionCapacity - 1))]
            head &+= 1
            network.counters.submissions += 1
            network.note(
                (entry.token.rawValue, UInt64(entry.operation.rawValue), UInt64(entry.byteCount)),
                "submit \(entry.words)"
            )
            start(entry)
        }
        unsafe queues.submissionHead.pointee = head
        return Int32(head &- first)
    }

    // MARK: Posting

    private var readable: UInt32 { unsafe queues.completionTail.pointee &- queues.completionHead.pointee }

    /// Whether the next completion would overflow.
    var isFull: Bool { !overflow.isEmpty || readable >= queues.completionCapacity }

    /// Posts a completion. A completion without `more` ends the operation.
    func post(_ operation: SimulatedOperation, _ result: Int32, _ flags: CompletionEntry.Flags = []) {
        let completion = CompletionEntry(token: operation.entry.token, result: result, flags: flags)
        if completion.isLast { operation.hasEnded = true }
        if !operation.isMultishot, operation.number < lastPosted { network.counters[.reorderedCompletion] += 1 }
        lastPosted = max(lastPosted, operation.number)
        push(operation, completion)
        observe(operation, completion)
    }

    /// Reports the socket event that a completion represents.
    private func observe(_ operation: SimulatedOperation, _ completion: CompletionEntry) {
        guard let socket = network.socket(operation.entry.descriptor) else { return }
        let result = completion.result
        switch operation.entry.operation {
        case .receive where result > 0:
            entersWithoutBytes = 0
            network.observe(socket, .received)
        case .receive where result == -ENOBUFS: network.observe(socket, .bufferStalled)
        case .accept:
            network.observe(socket, .backlogChanged)
            if result >= 0, let accepted = network.socket(result) { network.observe(accepted, .accepted) }
            if completion.isLast { network.observe(socket, .acceptEnded) }
        case .connect: network.observe(socket, result == 0 ? .connected : .connectFailed)
        case .send, .sendMessage, .sendZeroCopy, .sendMessageZeroCopy:
            if !completion.isNotification { network.observe(socket, .sendEnded(max(0, Int(result)))) }
        default: break
        }
    }

    private func push(_ operation: SimulatedOperation, _ completion: CompletionEntry) {
        guard !isFull else {
            network.counters[.completionOverflow] += 1
            overflow.append((operation, completion))
            unsafe queues.flags.pointee |= UInt32(IORING_SQ_CQ_OVERFLOW)
            return
        }
        write(operation, completion)
    }

    private func write(_ operation: SimulatedOperation, _ completion: CompletionEntry) {
        network.counters.completions += 1
        network.note(
            (
                completion.token.rawValue, UInt64(UInt32(bitPattern: completion.result)),
                UInt64(completion.flags.rawValue)
            ),
            "complete \(completion.words)"
        )
        let tail = unsafe queues.completionTail.pointee
        unsafe queues.completions[Int(tail & (queues.completionCapacity - 1))] = completion
        unsafe queues.completionTail.pointee = tail &+ 1
        if completion.isLast { remove(operation) }
    }

    private func flushOverflow() {
        var moved = 0
        while moved < overflow.count, readable < queues.completionCapacity {
            write(overflow[moved].operation, overflow[moved].completion)
            moved += 1
        }
        overflow.removeFirst(moved)
        if overflow.isEmpty { unsafe queues.flags.pointee &= ~UInt32(IORING_SQ_CQ_OVERFLOW) }
    }

    /// Removes an operation that has ended for its submitter.
    func remove(_ operation: SimulatedOperation) {
        operations.removeAll { $0 === operation }
        guard let socket = network.socket(operation.entry.descriptor) else { return }
        socket.reading.removeAll { $0 === operation }
        socket.writing.removeAll { $0 === operation }
        // Run the operations that waited for this one.
        if !socket.reading.isEmpty || !socket.writing.isEmpty { socket.changed() }
    }

    // MARK: Provided buffers

    func registerBufferRing(
        _ memory: UnsafeMutableRawPointer,
        count: UInt16,
        group: UInt16,
        incremental: Bool
    ) -> Int32 {
        let result = unsafe groups.register(memory, count: count, group: group, incremental: incremental)
        if result == 0 {
            let entries = unsafe memory.assumingMemoryBound(to: ProvidedBuffer.self)
            provided[group] = unsafe Provided(entries: entries, mask: count - 1)
        }
        return result
    }

    func unregisterBufferRing(group: UInt16) {
        groups.unregister(group)
        provided[group] = nil
    }

    /// Fills provided buffers with bytes that no peer sends, to expose any code that still reads them.
    private func poisonProvided() {
        for group in provided.keys.sorted() {
            guard var ring = provided[group] else { continue }
            let tail = unsafe ring.entries.pointee.tail
            while ring.seen != tail {
                let entry = unsafe ring.entries[Int(ring.seen & ring.mask)]
                if let address = unsafe UnsafeMutableRawPointer(bitPattern: UInt(entry.address)) {
                    unsafe memset(address, 0xDD, Int(entry.byteCount))
                }
                ring.seen &+= 1
            }
            provided[group] = ring
        }
    }

    // MARK: Operations in flight

    /// Descriptions of the operations whose last completion has not been posted to the queue, except cancellations,
    /// which use no memory.
    var operationsInFlight: [String] {
        operations.map(\.entry).filter { $0.operation != .asyncCancel }.map(\.words)
    }
}

extension SubmissionEntry {
    /// A description for the log.
    var words: String {
        let name =
            switch operation {
            case .receive: "receive"
            case .send: "send"
            case .sendMessage: "send message"
            case .sendZeroCopy, .sendMessageZeroCopy: "send without copying"
            case .accept: "accept"
            case .connect: "connect"
            case .asyncCancel: "cancel \(String(address, radix: 16))"
            case .timeout: "timeout"
            case .read, .readFixed: "read"
            default: "operation \(operation.rawValue)"
            }
        return "\(name) \(String(token.rawValue, radix: 16)) on \(descriptor), \(byteCount)"
    }
}

extension CompletionEntry {
    /// A description for the log.
    var words: String {
        "\(String(token.rawValue, radix: 16)): \(result)"
            + (isLast ? "" : ", more") + (isNotification ? ", notification" : "")
    }
}
