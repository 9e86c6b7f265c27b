import Testing

@testable import EddySimulator

@Suite("simulation: byte patterns")
struct BytePatternTests {
    @Test("Lost, duplicated, reordered and foreign bytes are detected")
    func differences() {
        let pattern = BytePattern(key: 7)
        let bytes = pattern.bytes(0..<1000)
        #expect(pattern.firstDifference(in: bytes, at: 0) == nil)
        #expect(pattern.firstDifference(in: bytes[100...], at: 100) == nil)
        #expect(pattern.firstDifference(in: bytes[101...], at: 100) != nil)
        #expect(pattern.firstDifference(in: bytes[..<10] + bytes[..<10], at: 0) != nil)
        #expect(pattern.firstDifference(in: BytePattern(key: 8).bytes(0..<1000), at: 0) != nil)
        let start = pattern.bytes(0..<32)
        for distance in 1...70_000 { #expect(pattern.firstDifference(in: start, at: distance) != nil) }
        var changed = bytes
        changed[500] ^= 1
        #expect(pattern.firstDifference(in: changed, at: 0) == 500)
    }
}
