/// The entries of a ring's two queues, and the memory that the kernel locks for them.
package struct RingSize: Equatable, Sendable {
    /// Entries of the submission queue, a power of two.
    package let submissionEntries: UInt32
    /// Entries of the completion queue: eight for each submission entry.
    package var completionEntries: UInt32 { submissionEntries * 8 }

    /// The size that a loop uses unless locked memory is short.
    package static let standard = RingSize(submissionEntries: 512)
    /// The smallest ring that a loop uses. A smaller one would enter the kernel more often than the epoll engine does.
    package static let minimum = RingSize(submissionEntries: 32)

    /// Half the size; nil for the smallest ring.
    package var halved: RingSize? {
        self == .minimum ? nil : RingSize(submissionEntries: submissionEntries / 2)
    }

    /// Bytes that the kernel locks for a ring of this size and its buffer rings: whole pages each for the queues, the
    /// submission entries and every buffer ring (`rings_size` and `io_create_region` in io_uring/, Linux 6.13 and
    /// newer).
    package func lockedBytes(bufferRings: Int) -> UInt64 {
        let header: UInt64 = 320
        let queues = header + UInt64(completionEntries) * 16 + UInt64(submissionEntries) * 4
        let entries = UInt64(submissionEntries) * 64
        return Self.wholePages(queues) + Self.wholePages(entries) + UInt64(bufferRings) * Self.pageSize
    }

    static let pageSize: UInt64 = 4096

    private static func wholePages(_ byteCount: UInt64) -> UInt64 {
        (byteCount + pageSize - 1) / pageSize * pageSize
    }
}
