/// Everything that has happened in a simulation, as one number: the same seed gives the same one, always.
package struct SimulationTrace {
    /// FNV-1a, 64 bits.
    package private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    /// Gets a line for each event, when somebody wants them.
    private let log: ((String) -> Void)?

    init(log: ((String) -> Void)?) { self.log = log }

    /// Notes an event: numbers that say all of it, and words for people.
    mutating func note(_ numbers: (UInt64, UInt64, UInt64), _ words: @autoclosure () -> String) {
        hash = (hash ^ numbers.0) &* 0x100_0000_01B3
        hash = (hash ^ numbers.1) &* 0x100_0000_01B3
        hash = (hash ^ numbers.2) &* 0x100_0000_01B3
        log?(words())
    }
}
