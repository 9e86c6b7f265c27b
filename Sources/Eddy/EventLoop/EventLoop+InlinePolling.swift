// A task that must wait while no other job is ready does not need to be suspended, because no other task needs the
// thread. It runs the loop itself, inside its job, and continues as soon as its data has arrived. It is suspended only
// when another task is to run; the loop then continues at its usual place.
//
//     read, nothing there ──▶ is any other work ready? ──yes─▶ suspend: the loop resumes the task
//                                  │no           ▲
//                                  ▼             │
//                             advance the loop ──┘
//                                  │ something to read
//                                  ▼
//                             return it
//
// No job runs inside another, so the nesting is at most one level deep. Inline polling saves a suspension and a
// resumption per request of a client that does not compete with others: a third of the time that Eddy itself takes.
//
// A task that holds an actor is always suspended. Tasks that wait for the actor are in the actor's own queue, which the
// loop cannot see: they would wait until this task had something to read.

extension EventLoop {
    /// Advances the loop until the condition of a connection's reader holds. Returns false when the task must be
    /// suspended so that others can run.
    ///
    /// - Parameter actor: the actor that the reader's task holds, if any.
    @inline(__always)
    func poll(for id: ConnectionID, holding actor: (any Actor)?, _ condition: () -> Bool) -> Bool {
        guard actor == nil, !hasWork else { return false }
        driver.connections[id].requireNoReader()
        // The job has not ended, but it does not block other jobs.
        heartbeat?.end()
        driver.pollingReader.value = id
        defer {
            driver.pollingReader.value = nil
            heartbeat?.resume()
        }
        while !hasWork, driver.closeQueue.isEmpty, !stopping.value {
            advance()
            if condition() { return true }
        }
        return false
    }
}
