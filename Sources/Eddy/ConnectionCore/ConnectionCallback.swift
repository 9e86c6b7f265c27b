// A connection is used by a task, which is suspended while it waits, or by an object that the loop calls:
//
//     bytes, the end, a failure, FIN sent, room to write ──▶ readyQueue ──▶ the loop, before its jobs ──▶ ready(id)
//
// Never from within the dispatch of completions: a task that polls the ring nests the loop inside its own job, and an
// object that used the task's connection then would run in the middle of the task's call.

/// Uses connections in place of tasks: a relay, for example. Loop thread only.
protocol ConnectionCallback: AnyObject {
    /// Something may have changed since the last call. The object finds out what: it takes the received bytes, and looks
    /// at both directions. It can be called without any change.
    func ready(_ id: ConnectionID)
}

typealias CallbackID = ObjectTable<any ConnectionCallback>.ID

extension ConnectionDriver {
    /// Lets an object use a connection from now on, and calls it soon.
    func install(_ callback: CallbackID, on id: ConnectionID) {
        connections[id].receiving.install(callback)
        resumeReader(id)
    }

    /// Frees a connection for the next task or object.
    func removeCallback(of id: ConnectionID) {
        connections[id].receiving.removeCallback()
        if connections[id].sending.writesByCallback { _ = connections[id].sending.takeWriter() }
    }

    /// The object that uses a connection.
    func callback(of id: ConnectionID) -> (any ConnectionCallback)? {
        connections[id].receiving.callback.flatMap { callbacks[$0] }
    }

    /// Calls the objects of the connections that have become ready.
    func callReady() {
        for _ in 0..<readyQueue.count {
            guard let id = readyQueue.popFirst() else { return }
            // The object, or the connection, may have left since.
            guard connections.isCurrent(id), let callback = connections[id].receiving.beginCall() else { continue }
            callbacks[callback]?.ready(id)
        }
    }
}
