// The 64 bits that a submission carries and its completions bring back:
//
//     63      56 55              32 31                             0
//     ┌─────────┬──────────────────┬────────────────────────────────┐
//     │  kind   │   generation     │            index               │
//     └─────────┴──────────────────┴────────────────────────────────┘
//
// No object is made for an operation. The index names a slot in a table, which is kept until its operations' last
// completions have come, so a completion needs no generation to find whom it is for. The generation changes when the
// slot is given to somebody else. With it a cancellation, which names the whole token, never meets an operation of the
// slot's next owner; and what names a slot without any token, and may come late, is recognised: another thread's mail,
// a sequence of chunks, the notification of a zero-copy send.

/// What a completion belongs to.
@usableFromInline
package struct OperationToken: Equatable, Sendable {
    @usableFromInline
    package let rawValue: UInt64

    @inlinable
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// - Parameters:
    ///   - kind: what was submitted; the loop's own numbering.
    ///   - generation: the slot's; only its lower 24 bits are kept.
    ///   - index: the slot.
    @inlinable
    package init(kind: UInt8, generation: UInt32 = 0, index: UInt32 = 0) {
        rawValue = UInt64(kind) << 56 | UInt64(generation & Self.generationMask) << 32 | UInt64(index)
    }

    @inlinable
    package static var generationMask: UInt32 { 0xFF_FFFF }

    @inlinable
    package var kind: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 56) }
    @inlinable
    package var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) & Self.generationMask }
    @inlinable
    package var index: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
}
