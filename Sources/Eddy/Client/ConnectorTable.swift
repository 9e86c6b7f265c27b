internal import EddySystem

/// Identifies a connector. Late events may still carry it: the number is not used again for a long time.
typealias ConnectorID = PlainID<Connector>

/// The connectors of a loop.
struct ConnectorTable {
    private var connectors: [ConnectorID: Connector] = [:]
    private var last: UInt32 = 0
    private(set) var isClosed = false
    /// The addresses that the kernel reads when it processes a connect.
    var addresses: [ConnectionID: SystemAddress] = [:]

    subscript(id: ConnectorID) -> Connector? { connectors[id] }

    /// An identifier that no connector has.
    mutating func nextID() -> ConnectorID {
        repeat { last &+= 1 } while connectors[ConnectorID(index: Int(last))] != nil
        return ConnectorID(index: Int(last))
    }

    mutating func insert(_ connector: Connector, id: ConnectorID) {
        connectors[id] = connector
    }

    mutating func remove(_ id: ConnectorID) {
        connectors[id] = nil
    }

    /// Rejects new connectors: the loop ends.
    mutating func close() -> [Connector] {
        isClosed = true
        // In an order that does not depend on hashing, so that runs are reproducible.
        return connectors.sorted { $0.key.index < $1.key.index }.map(\.value)
    }
}
