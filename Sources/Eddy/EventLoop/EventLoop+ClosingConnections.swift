internal import EddyRing
internal import EddySystem

extension EventLoop {
    /// Closes the connections that remain after their handlers have ended, such as those to other servers. Connections
    /// that are already closing get ``ConnectionDriver/silenceBeforeClose`` to finish; then the rest are reset. Returns
    /// when no connection is left.
    package func closeConnections() async {
        await run {
            let driver = self.driver
            driver.connections.forEachConnection { id in
                if !driver.connections[id].isFinishing { driver.reset(id, failure: ConnectionError.shutDownCode) }
            }
            let moment = self.now.advanced(by: ConnectionDriver.silenceBeforeClose)
            while self.isAnyEnding, self.now < moment { await self.pause() }
            driver.connections.forEachConnection { id in
                if !driver.endIfDelivered(id) { driver.reset(id, failure: ConnectionError.shutDownCode) }
            }
            // The last completions arrive in the next iterations. The end of the loop waits for any that do not.
            let deadline = self.now.advanced(by: .seconds(1))
            while driver.connections.count > 0, self.now < deadline { await self.pause() }
        }
    }

    private var isAnyEnding: Bool {
        var isAny = false
        driver.connections.forEachConnection { if driver.connections[$0].isFinishing { isAny = true } }
        return isAny
    }

    /// Lets the loop run for a millisecond. ``sleep(for:)`` would return at once in a cancelled task, such as a
    /// server's.
    private func pause() async {
        await Waiter.suspend { driver.timers.schedule(.sleep($0), at: now.advanced(by: .milliseconds(1))) }
    }
}
