internal import EddySystem

/// The connections that are being made on a loop, by number.
struct ConnectorTable {
    private var connectors: [UInt32: Connector] = [:]
    private var last: UInt32 = 0
    private(set) var isClosed = false
    /// What the kernel reads when it takes a connect, by slot.
    var addresses: [UInt32: SystemAddress] = [:]

    subscript(number: UInt32) -> Connector? { connectors[number] }

    /// A number that no connector has.
    mutating func nextNumber() -> UInt32 {
        repeat { last = (last + 1) % ConnectionState.noConnector } while connectors[last] != nil
        return last
    }

    mutating func insert(_ connector: Connector, number: UInt32) {
        connectors[number] = connector
    }

    mutating func remove(_ number: UInt32) {
        connectors[number] = nil
    }

    /// The loop ends: no connection is made any more.
    mutating func close() -> [Connector] {
        isClosed = true
        // In an order that does not depend on hashing, so that the loop does the same whenever the same happens.
        return connectors.sorted { $0.key < $1.key }.map(\.value)
    }
}
