/// Patterns for memory that has no owner, as mimalloc uses them.
enum Poison {
    static let allocated: UInt8 = 0xD0
    static let recycled: UInt8 = 0xDF
}
