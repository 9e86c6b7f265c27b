import Testing

@testable import EddySimulation

@Suite("seeded generator")
struct SeededGeneratorTests {
    /// The first numbers of SplitMix64's reference implementation (Vigna, splitmix64.c), seed 1234567.
    @Test("The generator is SplitMix64")
    func reference() {
        var generator = SeededGenerator(seed: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        ]
        #expect((0..<3).map { _ in generator.next() } == expected)
    }

    @Test("A magnitude stays within its range and reaches both ends")
    func magnitudes() {
        var generator = SeededGenerator(seed: 1)
        let numbers = (0..<10_000).map { _ in generator.magnitude(3...1000) }
        #expect(numbers.allSatisfy { (3...1000).contains($0) })
        #expect(numbers.contains(3) && numbers.contains { $0 > 900 })
        #expect(generator.magnitude(5...5) == 5)
    }
}
