internal import EddyBuffers

/// The users' values on a loop, by their ``EventLoop/LocalKey``. Loop thread only.
final class LocalStore {
    private var boxes: [ObjectIdentifier: AnyObject] = [:]

    /// Marks a value whose initialization is in progress.
    private final class Unfinished {}

    /// A separate box per value, so that a value can be in use while others are created.
    final class Box<Value> {
        /// Only the loop's thread accesses it, which the compiler cannot check.
        private nonisolated(unsafe) var value: Value
        /// Whether ``use(_:)`` is running.
        private var isInUse = false

        init(_ value: consuming Value) { unsafe self.value = value }

        /// A copy of the value.
        var copy: Value {
            requireUnused()
            return unsafe value
        }

        /// Replaces the value. The old one is dropped after the replacement, because its deinitializer may access this
        /// value.
        func replace(with value: consuming Value) {
            requireUnused()
            unsafe swap(&self.value, &value)
        }

        /// Passes the value to `body`, in place. `body` returns before the loop runs another task, so no other task can
        /// replace the value; the check covers accesses by `body` itself.
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

    /// Drops all values, including those that deinitializers create.
    func removeAll() {
        while !boxes.isEmpty {
            let dropped = boxes
            boxes = [:]
            _ = consume dropped
        }
    }
}
