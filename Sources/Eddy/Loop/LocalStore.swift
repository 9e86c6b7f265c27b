/// The values that users keep on a loop, by their ``EventLoop/LocalKey``. Loop thread only.
final class LocalStore {
    private var boxes: [ObjectIdentifier: AnyObject] = [:]

    /// A place of its own for each value, so that one can be used while others are made.
    final class Box<Value> {
        /// Only the loop's thread gets here; the compiler cannot know.
        nonisolated(unsafe) var value: Value
        init(_ value: consuming Value) { unsafe self.value = value }
    }

    func box<Key: EventLoop.LocalKey>(_ key: Key.Type, on loop: EventLoop) -> Box<Key.Value> {
        if let box = boxes[ObjectIdentifier(key)] as? Box<Key.Value> { return box }
        let box = Box(key.makeValue(on: loop))
        boxes[ObjectIdentifier(key)] = box
        return box
    }

    /// Drops all values, and those that their ends have made.
    func removeAll() {
        while !boxes.isEmpty {
            let dropped = boxes
            boxes = [:]
            _ = consume dropped
        }
    }
}
