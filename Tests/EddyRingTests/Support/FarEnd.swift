/// The peer of a connection. What it begins goes on by itself, while the ring enters.
protocol FarEnd: AnyObject {
    /// Sends the bytes, behind those before, as the ring's side makes room. What there is room for is sent at once.
    func write(_ bytes: [UInt8])

    /// Begins to receive `count` bytes, or up to the end of the stream.
    func startReading(_ count: Int)

    /// Waits for what `startReading` was told.
    func received() throws -> [UInt8]

    /// Ends the connection in order, behind what was written.
    func close()

    /// Breaks the connection.
    func reset()
}

extension FarEnd {
    /// Receives `count` bytes, or up to the end of the stream.
    func read(_ count: Int) throws -> [UInt8] {
        startReading(count)
        return try received()
    }
}
