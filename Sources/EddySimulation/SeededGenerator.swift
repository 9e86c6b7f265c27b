/// A random number generator that is reproducible on every machine: SplitMix64 (Steele, Lea and Flood, 2014).
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// Returns true once in `times` calls, on average.
    package mutating func once(in times: Int) -> Bool { next() % UInt64(times) == 0 }

    /// A number of the range with every magnitude equally likely, so small numbers are more frequent.
    package mutating func magnitude(_ range: ClosedRange<Int>) -> Int {
        let bits = Int.bitWidth - (range.upperBound - range.lowerBound).leadingZeroBitCount
        let limit = 1 << Int(next() % UInt64(bits + 1))
        return range.lowerBound + Int(next() % UInt64(min(limit, range.upperBound - range.lowerBound) + 1))
    }
}
