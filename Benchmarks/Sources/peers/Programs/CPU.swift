import HarnessSupport

/// A processor that programs can be tied to.
struct CPU {
    let number: Int32

    /// The first two that this process may use: one for the server, one for its load.
    static func firstTwo() throws -> (server: CPU, load: CPU) {
        var numbers: [Int32] = [0, 0]
        guard usable_cores(&numbers, 2) == 2 else {
            throw PeersError("the server and its load need a processor each; this machine has only one")
        }
        return (CPU(number: numbers[0]), CPU(number: numbers[1]))
    }
}
