import EddyBuffers

/// Measures the cost of a buffer: Eddy's, malloc's, and SwiftNIO's. See `node-buffers.js` for Node's.
///
/// With `allocations` it counts heap allocations instead.
///
/// Each figure is the median of several rounds, in which the kinds alternate, in nanoseconds of processor time per
/// operation. Nothing is asserted: the results depend on the machine.
@main
struct BuffersBench {
    static func main() {
        if CommandLine.arguments.dropFirst().first == "allocations" { return Allocations.print() }
        let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 9
        var table = Table()
        for size in [64, 256, 1024, 4096] {
            table.measure("allocate + drop, \(size) B", rounds: rounds) {
                [("eddy", Unique.eddy(size)), ("malloc", Unique.malloc(size)), ("NIO", Unique.nio(size))]
            }
        }
        for size in [64, 1024, 4096] {
            table.measure("the same among 64 live ones, \(size) B", rounds: rounds) {
                [("eddy", LiveSet.eddy(size)), ("malloc", LiveSet.malloc(size)), ("NIO", LiveSet.nio(size))]
            }
        }
        for size in [64, 1024] {
            table.measure("share + one copy + drop, \(size) B", rounds: rounds) {
                [("eddy", Sharing.eddy(size)), ("NIO", Sharing.nio(size))]
            }
        }
        table.measure("return from another thread", rounds: rounds) {
            [("eddy", Returning.eddy(256)), ("malloc", Returning.malloc(256))]
        }
        table.measure("relay: fill, hold 0-64, drop out of order, 2 threads", rounds: rounds) {
            [("eddy", RelayPattern.eddy()), ("malloc", RelayPattern.malloc()), ("NIO", RelayPattern.nio())]
        }
        table.print()
        Retention.print()
    }
}
