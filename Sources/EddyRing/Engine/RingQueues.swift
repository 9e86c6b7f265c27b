internal import CLiburing
internal import EddyBuffers

// The capacity of each queue is a power of two. Heads and tails only increase, and wrap at 2³².
//
//     submissions    head ──▶ engine takes          completions    head ──▶ loop reads
//                    tail ──▶ loop writes                          tail ──▶ engine posts

/// The memory of the two queues, which the loop and its engine share.
///
/// The queues of io_uring are kernel memory mapped into the process; those of other engines are ordinary memory with
/// the same layout. So the loop submits and reads completions in the same way with any engine.
@safe
package struct RingQueues {
    package let submissions: UnsafeMutablePointer<SubmissionEntry>
    /// Entries, a power of two.
    package let submissionCapacity: UInt32
    /// The position up to which the engine has taken submissions.
    package let submissionHead: UnsafeMutablePointer<UInt32>
    /// The end of the queued submissions; published by the loop.
    package let submissionTail: UnsafeMutablePointer<UInt32>
    /// IORING_SQ_CQ_OVERFLOW and other IORING_SQ_ flags, set by the engine.
    package let flags: UnsafeMutablePointer<UInt32>

    package let completions: UnsafeMutablePointer<CompletionEntry>
    /// Entries, a power of two.
    package let completionCapacity: UInt32
    /// The position up to which the loop has read completions; published by the loop.
    package let completionHead: UnsafeMutablePointer<UInt32>
    /// The end of the posted completions.
    package let completionTail: UnsafeMutablePointer<UInt32>

    /// The queues of an io_uring instance.
    init(of ring: UnsafeMutablePointer<io_uring>) {
        let (submissionQueue, completionQueue) = unsafe (ring.pointee.sq, ring.pointee.cq)
        unsafe submissions = UnsafeMutableRawPointer(submissionQueue.sqes)
            .assumingMemoryBound(to: SubmissionEntry.self)
        unsafe submissionCapacity = submissionQueue.ring_entries
        unsafe submissionHead = submissionQueue.khead
        unsafe submissionTail = submissionQueue.ktail
        unsafe flags = submissionQueue.kflags
        unsafe completions = UnsafeMutableRawPointer(completionQueue.cqes)
            .assumingMemoryBound(to: CompletionEntry.self)
        unsafe completionCapacity = completionQueue.ring_entries
        unsafe completionHead = completionQueue.khead
        unsafe completionTail = completionQueue.ktail
    }

    /// Allocates the queues in ordinary memory; ``deallocate()`` frees them. Sizes are rounded up to powers of two.
    package init(submissionEntries: UInt32, completionEntries: UInt32) {
        submissionCapacity = Self.powerOfTwo(atLeast: submissionEntries)
        completionCapacity = Self.powerOfTwo(atLeast: max(completionEntries, 2 * submissionCapacity))
        unsafe submissions = .allocate(capacity: Int(submissionCapacity))
        unsafe completions = .allocate(capacity: Int(completionCapacity))
        let words = UnsafeMutablePointer<UInt32>.allocate(capacity: 5)
        unsafe words.initialize(repeating: 0, count: 5)
        unsafe (submissionHead, submissionTail, flags) = (words, words + 1, words + 2)
        unsafe (completionHead, completionTail) = (words + 3, words + 4)
    }

    /// Frees queues allocated by ``init(submissionEntries:completionEntries:)``.
    package func deallocate() {
        unsafe submissions.deallocate()
        unsafe completions.deallocate()
        unsafe submissionHead.deallocate()
    }

    private static func powerOfTwo(atLeast count: UInt32) -> UInt32 {
        require((1...1 << 15).contains(count), "a queue has 1 to 32,768 entries")
        return count <= 1 ? 1 : 1 << UInt32(32 - (count - 1).leadingZeroBitCount)
    }
}
