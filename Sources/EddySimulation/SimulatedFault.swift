/// The faults of a simulated network. Most faults have a rate; some follow from the limits of queues and buffers.
///
/// Each fault is counted when it occurs, so that a run can show that it covered all of them.
package enum SimulatedFault: Int, CaseIterable, Sendable {
    /// A receive returns fewer bytes than are available.
    case shortReceive
    /// A socket accepts fewer bytes of a send than it has room for.
    case shortSend
    /// A connection breaks at an arbitrary byte.
    case connectionReset
    /// No socket listens on the address.
    case connectRefused
    /// The host does not answer.
    case connectBlackHoled
    /// There is no route to the address.
    case connectUnreachable
    /// A connect finds the listener's backlog full, and is retried later.
    case backlogFull
    /// An accept finds no free descriptor (EMFILE).
    case acceptOutOfDescriptors
    /// The system lacks descriptors or memory (ENFILE, ENOBUFS, ENOMEM), or forbids the connection (EPERM, EPROTO).
    case acceptRefused
    /// The peer disconnects before it is accepted (ECONNABORTED).
    case acceptAborted
    /// Receives find no buffer although there are some.
    case bufferStorm
    /// Receives find no buffer because all are used up.
    case buffersExhausted
    /// `enter` is interrupted by a signal (EINTR).
    case enterInterrupted
    /// A signal ends the wait after submissions were taken.
    case waitInterrupted
    /// `enter` temporarily lacks memory (EAGAIN).
    case enterRefused
    /// `enter` takes only some of the submissions.
    case submissionsLeft
    /// A submission finds the queue full.
    case submissionQueueFull
    /// Completions overflow their queue.
    case completionOverflow
    /// An operation is performed later than it could be.
    case lateCompletion
    /// A completion is posted before that of an operation that was submitted earlier.
    case reorderedCompletion
    /// A multishot operation ends early with a success.
    case multishotEndedEarly
    /// A cancellation is too late: the operation has ended.
    case cancellationTooLate
    /// A cancellation finds an operation that completes on its own.
    case cancellationOvertaken
    /// A cancellation completes before its target.
    case cancellationFirst
    /// The loop's thread stalls.
    case loopStall
    /// Zero-copy sends are refused.
    case zeroCopyRefused
    /// A zero-copy send has copied its bytes after all.
    case zeroCopyCopied
    /// A read of a file returns fewer bytes than are available.
    case shortFileRead
    /// A connection silently stops carrying data in both directions, like a pulled cable.
    case peerUnplugged
    /// A connection breaks because its peer did not acknowledge for as long as the system retransmits.
    case unacknowledgedTooLong
    /// A peer ends, resets or is unplugged in the middle of a message.
    case peerDiedInMessage
    /// An event runs before one that was scheduled earlier for the same time.
    case eventOvertaken

    /// Whether a scenario draws a rate for this fault. The rate of a fault that follows from limits is unused, and is
    /// drawn only so that existing seeds keep their meaning. For the same reason the other faults use their own
    /// generators, in some of the seeds, or follow from the faults that those cause.
    package var hasRate: Bool {
        switch self {
        case .peerUnplugged, .unacknowledgedTooLong, .peerDiedInMessage, .eventOvertaken: false
        default: true
        }
    }
}

/// The rate of each fault: once in this many opportunities, or never (0).
package struct SimulatedFaultRates: Sendable {
    private var rates = [Int](repeating: 0, count: SimulatedFault.allCases.count)

    package init() {}

    package subscript(fault: SimulatedFault) -> Int {
        get { rates[fault.rawValue] }
        set { rates[fault.rawValue] = newValue }
    }
}
