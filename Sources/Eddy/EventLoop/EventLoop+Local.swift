extension EventLoop {
    /// Names a value that exists once per loop: a cache, a counter, a client that stays on one thread.
    ///
    /// ```swift
    /// enum RequestCount: EventLoop.LocalKey {
    ///     static func makeValue(on loop: EventLoop) -> Int { 0 }
    /// }
    /// …
    /// connection.eventLoop.local[RequestCount.self] += 1
    /// ```
    public protocol LocalKey {
        /// The type of the value.
        associatedtype Value
        /// Creates a loop's value on the loop's thread, on first access.
        static func makeValue(on loop: EventLoop) -> Value
    }

    /// The values of this loop. They are created on first access and dropped on the loop's thread when the loop ends.
    ///
    /// No lock is needed, since only the loop's thread accesses them. This property reads and replaces whole values. To
    /// change a collection in place, or to use a value that is not `Sendable`, call ``withLocal(_:_:)``.
    ///
    /// - Precondition: on the loop's thread.
    public var local: Locals {
        requireLoopThread()
        return Locals(loop: self)
    }

    /// Runs `body` with this loop's value for `key` in place, without copying it. A value that is not `Sendable`, or a
    /// part of it, cannot leave `body`.
    ///
    /// ```swift
    /// loop.withLocal(Sessions.self) { sessions in sessions[identifier] = session }
    /// ```
    ///
    /// `body` is synchronous, because other tasks of the loop could change the value during a suspension.
    ///
    /// - Throws: what `body` throws. Changes that `body` made before it threw are kept.
    /// - Precondition: on the loop's thread. `body` does not access the same value in another way, such as ``local``.
    public func withLocal<Key: LocalKey, Success: Sendable, Failure: Error>(
        _ key: Key.Type,
        _ body: (inout sending Key.Value) throws(Failure) -> Success
    ) throws(Failure) -> Success {
        requireLoopThread()
        return try locals.box(key, on: self).use(body)
    }

    /// See ``EventLoop/local``.
    public struct Locals {
        let loop: EventLoop

        /// This loop's value for `key`, created on first access.
        ///
        /// The getter copies the value and the setter replaces it; `local[Key.self] += 1` does both. Changing a
        /// collection this way copies it: use ``EventLoop/withLocal(_:_:)`` instead. If a change suspends, as in
        /// `await update(&loop.local[Key.self])`, it overwrites what other tasks stored during the suspension.
        ///
        /// - Precondition: on the loop's thread, and not within ``EventLoop/withLocal(_:_:)`` of the same key.
        public subscript<Key: LocalKey>(key: Key.Type) -> Key.Value where Key.Value: Sendable {
            get {
                loop.requireLoopThread()
                return loop.locals.box(key, on: loop).copy
            }
            // Not `_modify`: it would yield the value's address to a caller that may suspend while another task
            // replaces the value.
            nonmutating set {
                loop.requireLoopThread()
                loop.locals.box(key, on: loop).replace(with: newValue)
            }
        }
    }
}
