internal import CLiburing
internal import Glibc

// The engine's side of provided-buffer rings, which io_uring has in the kernel (io_uring_register(2),
// IORING_REGISTER_PBUF_RING):
//
//     head: next buffer to fill            tail, in the first entry: what was provided
//               ▼                                      ▼
//     ┌────┬────┬─────────────┬─────────────┬──────────┬────┐
//     │used│used│ rest ▒▒▒▒▒▒ │ buffer      │ buffer   │    │
//     └────┴────┴─────────────┴─────────────┴──────────┴────┘

/// The provided-buffer rings of a user-space engine, by group.
@safe
package final class BufferGroups {
    @safe
    private struct Group {
        let entries: UnsafeMutablePointer<ProvidedBuffer>
        let mask: UInt16
        let isIncremental: Bool
        var head: UInt16 = 0
    }

    /// A buffer to receive into; with incremental consumption, the unused part of one.
    @safe
    package struct Target {
        package let address: UnsafeMutableRawPointer
        package let byteCount: Int
    }

    /// Group numbers start at 0 and stay small.
    private static let maximumCount = 16
    private let groups: UnsafeMutablePointer<Group?>

    package init() {
        unsafe groups = .allocate(capacity: Self.maximumCount)
        unsafe groups.initialize(repeating: nil, count: Self.maximumCount)
    }

    deinit {
        unsafe groups.deallocate()
    }

    /// Returns 0 or a negated error number, as the kernel would.
    package func register(_ memory: UnsafeMutableRawPointer, count: UInt16, group: UInt16, incremental: Bool) -> Int32 {
        guard group < Self.maximumCount, count > 0, count & (count - 1) == 0 else { return -EINVAL }
        guard unsafe groups[Int(group)] == nil else { return -EEXIST }
        unsafe groups[Int(group)] = Group(
            entries: memory.assumingMemoryBound(to: ProvidedBuffer.self),
            mask: count - 1,
            isIncremental: incremental
        )
        return 0
    }

    package func unregister(_ group: UInt16) {
        if group < Self.maximumCount { unsafe groups[Int(group)] = nil }
    }

    /// The next buffer of a group, or nil if the group is empty.
    package func next(of group: UInt16) -> Target? {
        guard group < Self.maximumCount, let ring = unsafe groups[Int(group)] else { return nil }
        let (entries, head) = unsafe (ring.entries, ring.head)
        guard unsafe entries.pointee.tail != head else { return nil }
        let entry = unsafe entries[Int(head & ring.mask)]
        guard let address = unsafe UnsafeMutableRawPointer(bitPattern: UInt(entry.address)) else { return nil }
        return unsafe Target(address: address, byteCount: Int(entry.byteCount))
    }

    /// Consumes `byteCount` bytes of the group's next buffer.
    ///
    /// - Returns: the flags of the receive's completion.
    package func consume(_ byteCount: Int, of group: UInt16) -> CompletionEntry.Flags {
        guard let ring = unsafe groups[Int(group)] else { return [] }
        let entry = unsafe ring.entries + Int(ring.head & ring.mask)
        var flags = unsafe CompletionEntry.Flags(rawValue: UInt32(entry.pointee.index) << 16).union(.buffer)
        if ring.isIncremental, unsafe byteCount < Int(entry.pointee.byteCount) {
            unsafe entry.pointee.address += UInt64(byteCount)
            unsafe entry.pointee.byteCount -= UInt32(byteCount)
            flags.insert(.bufferContinues)
        } else {
            unsafe groups[Int(group)]?.head &+= 1
        }
        return flags
    }

    /// Names the group's next buffer in a completion without data. This consumes a classic buffer. The engine keeps an
    /// incremental one, and the completion does not set `bufferContinues` (liburing issue 1545).
    ///
    /// - Returns: the flags of the completion.
    package func nameNext(of group: UInt16) -> CompletionEntry.Flags {
        guard next(of: group) != nil, let ring = unsafe groups[Int(group)] else { return [] }
        if !ring.isIncremental { return consume(0, of: group) }
        let index = unsafe ring.entries[Int(ring.head & ring.mask)].index
        return CompletionEntry.Flags(rawValue: UInt32(index) << 16).union(.buffer)
    }
}
