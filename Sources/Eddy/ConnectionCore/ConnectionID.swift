/// Identifies a connection of a loop: its slot in the table and the slot's generation, which detects stale identifiers.
///
/// It is the lower part of the tokens of the connection's operations, so each completion carries it.
struct ConnectionID: SlotID {
    private let bits: UInt64

    init(index: Int, generation: UInt32) {
        bits = UInt64(generation) << 32 | UInt64(UInt32(truncatingIfNeeded: index))
    }

    var index: Int { Int(UInt32(truncatingIfNeeded: bits)) }
    var generation: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) }
}
