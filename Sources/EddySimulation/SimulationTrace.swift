/// A hash of all events of a simulation. The same seed always yields the same hash.
package struct SimulationTrace {
    /// FNV-1a, 64 bits.
    package private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    /// Receives a line for each event.
    private let log: ((String) -> Void)?

    init(log: ((String) -> Void)?) { self.log = log }

    /// Records an event: numbers that identify it, and a description for the log.
    mutating func note(_ numbers: (UInt64, UInt64, UInt64), _ words: @autoclosure () -> String) {
        hash = (hash ^ numbers.0) &* 0x100_0000_01B3
        hash = (hash ^ numbers.1) &* 0x100_0000_01B3
        hash = (hash ^ numbers.2) &* 0x100_0000_01B3
        log?(words())
    }
}
