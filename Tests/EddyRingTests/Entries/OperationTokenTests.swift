import EddyRing
import Testing

/// Kind, generation and index share 64 bits without overlapping.
@Suite("ring: operation tokens")
struct OperationTokenTests {
    @Test(
        "Packed values are unpacked unchanged",
        arguments: [UInt8(0), 1, 127, 255],
        [(UInt32(0), UInt32(0)), (1, 0), (0, 1), (0xFF_FFFF, .max), (0x80_0000, 0x8000_0000), (0x12_3456, 0x789A_BCDE)]
    )
    func roundTrip(kind: UInt8, rest: (generation: UInt32, index: UInt32)) {
        let token = OperationToken(kind: kind, generation: rest.generation, index: rest.index)
        #expect(token.kind == kind)
        #expect(token.generation == rest.generation)
        #expect(token.index == rest.index)
        #expect(OperationToken(rawValue: token.rawValue) == token)
    }

    @Test("Only the lower 24 bits of a generation count")
    func wideGeneration() {
        let token = OperationToken(kind: 9, generation: 0xAB12_3456, index: 7)
        #expect(token.kind == 9)
        #expect(token.generation == 0x12_3456)
        #expect(token.index == 7)
    }
}
