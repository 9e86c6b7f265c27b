// Operations on connections that any thread may call: a connection may be dropped, and its task cancelled, anywhere.

extension EventLoop {
    /// Releases a connection whose owner has dropped it. Callable on any thread, because a task may end on any thread.
    func release(_ id: ConnectionID) {
        if isCurrent { return driver.release(id) }
        // Rejected when the loop has ended: the loop has then closed all its connections.
        _ = inbox.post(.work { self.driver.release(id) })
    }

    /// Ends the waits of a task that is being cancelled. Callable on any thread.
    func cancel(_ id: ConnectionID, sides: ConnectionSides = .both) {
        if isCurrent { return driver.cancel(id, sides: sides) }
        _ = inbox.post(.work { self.driver.cancel(id, sides: sides) })
    }
}
