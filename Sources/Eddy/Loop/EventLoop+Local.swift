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
    /// No lock is needed, since nobody else gets at them. A key whose values are not `Sendable` is reached with
    /// ``withLocal(_:_:)``, which keeps them from leaving the thread.
    ///
    /// - Precondition: on the loop's thread.
    public var local: Locals {
        requireLoopThread()
        return Locals(loop: self)
    }

    /// Runs `body` with this loop's value for `key`, which cannot leave it.
    ///
    /// - Precondition: on the loop's thread, and not within another use of the same value.
    public func withLocal<Key: LocalKey, Success, Failure: Error>(
        _ key: Key.Type,
        _ body: (inout sending Key.Value) throws(Failure) -> sending Success
    ) throws(Failure) -> sending Success {
        requireLoopThread()
        return try unsafe body(&locals.box(key, on: self).value)
    }

    /// See ``EventLoop/local``.
    public struct Locals {
        let loop: EventLoop

        /// This loop's value for `key`, made now if there was none.
        ///
        /// - Precondition: on the loop's thread, and not within another use of the same value.
        public subscript<Key: LocalKey>(key: Key.Type) -> Key.Value where Key.Value: Sendable {
            get {
                loop.requireLoopThread()
                return unsafe loop.locals.box(key, on: loop).value
            }
            nonmutating _modify {
                loop.requireLoopThread()
                yield unsafe &loop.locals.box(key, on: loop).value
            }
        }
    }
}
