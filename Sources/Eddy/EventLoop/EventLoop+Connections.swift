// What a task does to its connection from any thread: a connection may be dropped, and its task cancelled, anywhere.

extension EventLoop {
    /// The connection's owner is gone. Any thread: a connection may be dropped wherever its task happens to end.
    func release(_ id: ConnectionID) {
        if isCurrent { return driver.release(id) }
        // Not accepted when the loop has ended: then it has closed all its connections itself.
        _ = mailbox.post(.work { self.driver.release(id) })
    }

    /// Ends the waits of a task that is being cancelled. Any thread.
    func cancel(_ id: ConnectionID, sides: ConnectionSides = .both) {
        if isCurrent { return driver.cancel(id, sides: sides) }
        _ = mailbox.post(.work { self.driver.cancel(id, sides: sides) })
    }
}
