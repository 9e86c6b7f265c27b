// The 64-bit user data of a submission, which its completions return:
//
//     63      56 55              32 31                             0
//     ┌─────────┬──────────────────┬────────────────────────────────┐
//     │  kind   │   generation     │            index               │
//     └─────────┴──────────────────┴────────────────────────────────┘
//
// An operation needs no object of its own. The index names a slot in a table. The slot stays allocated until the last
// completions of its operations have arrived, so a completion needs no generation to find its owner. The generation
// changes when the slot is reused. So a cancellation, which names the whole token, never hits an operation of the
// slot's next owner. The generation also detects stale references that carry no token: tasks posted by other threads,
// sequences of chunks, and notifications of zero-copy sends.

/// Identifies the operation and the owner that a completion belongs to.
@usableFromInline
package struct OperationToken: Equatable, Sendable {
    @usableFromInline
    package let rawValue: UInt64

    @inlinable
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// - Parameters:
    ///   - kind: the kind of operation, as the loop numbers them.
    ///   - generation: the slot's generation, of which only the lower 24 bits are kept.
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
