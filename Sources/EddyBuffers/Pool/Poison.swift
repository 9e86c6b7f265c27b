/// What memory is filled with that holds no bytes of anybody, as mimalloc does.
enum Poison {
    static let rented: UInt8 = 0xD0
    static let recycled: UInt8 = 0xDF
}
