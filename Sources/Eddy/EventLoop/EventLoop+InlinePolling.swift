// A task that has to wait while no other is ready need not be suspended: nobody else wants the thread. It runs the
// loop itself, from inside its job, and goes on at once when what it waits for has come. Only when somebody else is to
// run is it suspended, and the loop goes on where it always runs.
//
//     read, nothing there ──▶ is any other job ready? ──yes──▶ suspend: the loop resumes the task
//                                  │no           ▲
//                                  ▼             │
//                             advance the loop ──┘
//                                  │ something to read
//                                  ▼
//                             return it
//
// No job runs within another, so this is never more than one level deep. What it saves is a suspension and a
// resumption for each request of a client that nobody else competes with: a third of the time that Eddy itself takes.
//
// A task that holds an actor is always suspended. Who waits for the actor waits in the actor's own queue, which the loop
// does not see: it would wait until this task has something to read.

extension EventLoop {
    /// Advances the loop until the condition of a connection's reader holds; false when the task must be suspended to
    /// let others run.
    ///
    /// - Parameter actor: what the reader's task holds.
    @inline(__always)
    func poll(for id: ConnectionID, holding actor: (any Actor)?, _ condition: () -> Bool) -> Bool {
        guard actor == nil, jobs.isEmpty, driver.turnQueue.isEmpty else { return false }
        driver.connections[id].requireNoReader()
        // The job has not ended, but it does not keep others from running.
        pulse?.end()
        driver.pollingReader.value = id
        defer {
            driver.pollingReader.value = nil
            pulse?.goOn()
        }
        while jobs.isEmpty, driver.turnQueue.isEmpty, driver.closeQueue.isEmpty, !stopping.value {
            advance()
            if condition() { return true }
        }
        return false
    }
}
