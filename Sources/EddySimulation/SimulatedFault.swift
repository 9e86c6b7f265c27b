/// What can go wrong in a simulated network. Most faults have a rate; some follow from the limits of queues and
/// buffers.
///
/// A fault is counted when it happens, so that a run can show that it has met all of them.
package enum SimulatedFault: Int, CaseIterable, Sendable {
    /// A receive takes less than is there.
    case shortReceive
    /// A socket takes less of a send than it has room for.
    case shortSend
    /// A connection breaks, at whatever byte it happens to be.
    case connectionReset
    /// Nobody listens.
    case connectRefused
    /// Nobody answers.
    case connectBlackHoled
    /// There is no way to the address.
    case connectUnreachable
    /// A connect finds the listener's backlog full, and is tried again later.
    case backlogFull
    /// No descriptor is free (EMFILE).
    case acceptOutOfDescriptors
    /// The system lacks descriptors or memory (ENFILE, ENOBUFS, ENOMEM), or forbids the connection (EPERM, EPROTO).
    case acceptRefused
    /// The peer was gone before it was accepted (ECONNABORTED).
    case acceptAborted
    /// Receives find no buffer though there are some.
    case bufferStorm
    /// Receives find no buffer, and there is none.
    case buffersExhausted
    /// `enter` is interrupted by a signal (EINTR).
    case enterInterrupted
    /// A signal ends the wait, after submissions were taken.
    case waitInterrupted
    /// `enter` lacks memory for the moment (EAGAIN).
    case enterRefused
    /// `enter` takes only some of the submissions.
    case submissionsLeft
    /// A submission finds the queue full.
    case submissionQueueFull
    /// Completions do not fit into their queue.
    case completionOverflow
    /// An operation is performed later than it could be.
    case lateCompletion
    /// A completion is posted before that of an operation that was submitted earlier.
    case reorderedCompletion
    /// A multishot operation ends with a success.
    case multishotEndedEarly
    /// A cancellation finds an operation that has ended already.
    case cancellationTooLate
    /// A cancellation finds an operation that ends otherwise than by it.
    case cancellationOvertaken
    /// A cancellation is posted before what it has found ends.
    case cancellationFirst
    /// The loop's thread does not run for a while.
    case loopStall
    /// Zero-copy sends are refused.
    case zeroCopyRefused
    /// A zero-copy send has copied its bytes after all.
    case zeroCopyCopied
    /// A file's read takes less than is there.
    case shortFileRead
    /// Nothing passes between the ends of a connection any more, and neither is told: a cable is pulled.
    case peerUnplugged
    /// A connection whose peer does not acknowledge breaks, after as long as the system tries.
    case unacknowledgedTooLong
    /// A peer ends, resets or is unplugged in the middle of a message.
    case peerDiedInMessage
    /// An event happens before one that was scheduled earlier for the same time.
    case eventOvertaken

    /// Whether a scenario draws a rate for it. That of one which follows from limits is never asked for; it is drawn so
    /// that seeds lead to what they have always led to. For the same reason the others are left to generators of their
    /// own, in some of the seeds, or follow from what those bring about.
    package var hasRate: Bool {
        switch self {
        case .peerUnplugged, .unacknowledgedTooLong, .peerDiedInMessage, .eventOvertaken: false
        default: true
        }
    }
}

/// How often each fault happens: once in so many chances, or never (0).
package struct SimulatedFaultRates: Sendable {
    private var rates = [Int](repeating: 0, count: SimulatedFault.allCases.count)

    package init() {}

    package subscript(fault: SimulatedFault) -> Int {
        get { rates[fault.rawValue] }
        set { rates[fault.rawValue] = newValue }
    }
}
