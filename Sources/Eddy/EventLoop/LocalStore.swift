internal import EddyBuffers

/// The values that users keep on a loop, by their ``EventLoop/LocalKey``. Loop thread only.
final class LocalStore {
    private var boxes: [ObjectIdentifier: AnyObject] = [:]

    /// Stands for a value that is being made.
    private final class Unfinished {}

    /// A place of its own for each value, so that one can be used while others are made.
    final class Box<Value> {
        /// Only the loop's thread gets here; the compiler cannot know.
        private nonisolated(unsafe) var value: Value
        /// Whether ``use(_:)`` has given the value's address away.
        private var isInUse = false

        init(_ value: consuming Value) { unsafe self.value = value }

        /// A copy of the value.
        var copy: Value {
            requireUnused()
            return unsafe value
        }

        /// Stores another value. The old one is dropped afterwards: its deinitialiser may ask for this value.
        func replace(with value: consuming Value) {
            requireUnused()
            unsafe swap(&self.value, &value)
        }

        /// Lends the value to `body`, in place. `body` returns before the loop does anything else, so no other task can
        /// replace the value meanwhile; what `body` itself calls is checked.
        func use<Success, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> Success
        ) throws(Failure) -> Success {
            requireUnused()
            isInUse = true
            defer { isInUse = false }
            return try unsafe body(&value)
        }

        private func requireUnused() {
            require(
                !isInUse,
                "a loop's local value is used within another use of it; leave withLocal before you use the value again"
            )
        }
    }

    func box<Key: EventLoop.LocalKey>(_ key: Key.Type, on loop: EventLoop) -> Box<Key.Value> {
        let identifier = ObjectIdentifier(key)
        if let box = boxes[identifier] as? Box<Key.Value> { return box }
        require(boxes[identifier] == nil, "makeValue(on:) of a loop's local value uses the value that it makes")
        boxes[identifier] = Unfinished()
        let box = Box(key.makeValue(on: loop))
        boxes[identifier] = box
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
