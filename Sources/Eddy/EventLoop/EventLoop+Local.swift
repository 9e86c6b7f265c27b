extension EventLoop {
    /// Names a value of which every loop has its own: a cache, a counter, a client that may stay on one thread.
    ///
    /// ```swift
    /// enum RequestCount: EventLoop.LocalKey {
    ///     static func makeValue(on loop: EventLoop) -> Int { 0 }
    /// }
    /// …
    /// connection.eventLoop.local[RequestCount.self] += 1
    /// ```
    public protocol LocalKey {
        /// What each loop has one of.
        associatedtype Value
        /// Makes a loop's value, on its thread, when it is first asked for.
        static func makeValue(on loop: EventLoop) -> Value
    }

    /// The values that live on this loop's thread. They are made when first asked for and dropped, on the thread, when
    /// the loop ends.
    ///
    /// No lock is needed, since only the loop's thread reaches them. This reads and replaces whole values. To change a
    /// collection in place, or to use a value that is not `Sendable`, call ``withLocal(_:_:)``.
    ///
    /// - Precondition: on the loop's thread.
    public var local: Locals {
        requireLoopThread()
        return Locals(loop: self)
    }

    /// Runs `body` with this loop's value for `key`, in place: nothing is copied. A value that is not `Sendable`, or a
    /// part of it, cannot leave `body`.
    ///
    /// ```swift
    /// loop.withLocal(Sessions.self) { sessions in sessions[identifier] = session }
    /// ```
    ///
    /// `body` cannot wait: the value would change under it, since other tasks of the loop run meanwhile.
    ///
    /// - Throws: what `body` throws; what it has changed by then stays changed.
    /// - Precondition: on the loop's thread. `body` does not use the same value by another way, such as ``local``.
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

        /// This loop's value for `key`, made now if there was none.
        ///
        /// The value is read as a copy and replaced as a whole. `local[Key.self] += 1` does both. A collection that is
        /// changed this way is copied: use ``EventLoop/withLocal(_:_:)``. Where a change waits, as in
        /// `await update(&loop.local[Key.self])`, what other tasks have stored meanwhile is replaced.
        ///
        /// - Precondition: on the loop's thread, and not within ``EventLoop/withLocal(_:_:)`` of the same key.
        public subscript<Key: LocalKey>(key: Key.Type) -> Key.Value where Key.Value: Sendable {
            get {
                loop.requireLoopThread()
                return loop.locals.box(key, on: loop).copy
            }
            // Never `_modify`: it would yield the value's address to a caller that may wait while another task replaces
            // the value.
            nonmutating set {
                loop.requireLoopThread()
                loop.locals.box(key, on: loop).replace(with: newValue)
            }
        }
    }
}
