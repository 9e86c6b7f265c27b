internal import CLiburing
internal import EddyBuffers

// Both queues are rings of a power of two entries. Heads and tails only ever grow and wrap at 2³².
//
//     submissions    head ──▶ engine takes          completions    head ──▶ loop reads
//                    tail ──▶ loop writes                          tail ──▶ engine posts

/// The memory of the two queues, which the loop and its engine share.
///
/// io_uring's queues lie in memory of the kernel; those of other engines are ordinary memory of the same layout. So the
/// loop submits and reads completions in one way, whatever performs them.
@safe
package struct RingQueues {
    package let submissions: UnsafeMutablePointer<SubmissionEntry>
    /// Entries, a power of two.
    package let submissionCapacity: UInt32
    /// Up to where the engine has taken submissions.
    package let submissionHead: UnsafeMutablePointer<UInt32>
    /// Up to where there are submissions; published by the loop.
    package let submissionTail: UnsafeMutablePointer<UInt32>
    /// IORING_SQ_CQ_OVERFLOW and the like, set by the engine.
    package let flags: UnsafeMutablePointer<UInt32>

    package let completions: UnsafeMutablePointer<CompletionEntry>
    /// Entries, a power of two.
    package let completionCapacity: UInt32
    /// Up to where the loop has read completions; published by the loop.
    package let completionHead: UnsafeMutablePointer<UInt32>
    /// Up to where the engine has posted completions.
    package let completionTail: UnsafeMutablePointer<UInt32>

    /// The queues of an io_uring.
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

    /// Queues in memory of our own; ``deallocate()`` frees them. Sizes are rounded up to powers of two.
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

    /// Frees queues in memory of our own.
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
