/// The peer of a connection. What it starts continues in the background, while the ring enters.
protocol FarEnd: AnyObject {
    /// Sends the bytes, after earlier ones, as the ring's side makes room. Bytes for which there is room are sent at
    /// once.
    func write(_ bytes: [UInt8])

    /// Begins to receive `count` bytes, or up to the end of the stream.
    func startReading(_ count: Int)

    /// Waits for the bytes that `startReading` requested.
    func received() throws -> [UInt8]

    /// Closes the connection gracefully, after what was written.
    func close()

    /// Resets the connection.
    func reset()
}

extension FarEnd {
    /// Receives `count` bytes, or up to the end of the stream.
    func read(_ count: Int) throws -> [UInt8] {
        startReading(count)
        return try received()
    }
}
