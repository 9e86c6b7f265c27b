import Eddy

/// The threads that a command needs: those of its loops, and those of Swift's runtime.
enum ThreadReserve {
    /// Makes sure that the process may have the threads, by starting as many and ending them, and room for its loops'
    /// memory beside them.
    ///
    /// libdispatch, on which Swift's tasks run, retries for ever when it cannot start a thread, so the check comes before
    /// the first task. Other processes of the user may take the threads afterwards.
    ///
    /// - Throws: ``CommandFailure`` when there may not be as many threads, or not as much address space.
    static func require(loops: Int) throws {
        var threads: [(SystemThread, Semaphore)] = []
        defer {
            for (_, end) in threads { end.signal() }
            for (thread, _) in threads { thread.join() }
        }
        do throws(RingError) {
            for _ in 0..<loops + supportingThreads {
                threads.append(try SystemThread.start(name: "eddy-reserve", make: { Semaphore() }, run: { $0.wait() }))
            }
            try AddressSpace.requireRoom(for: loops * bytesOfLoop)
        } catch {
            throw CommandFailure("\(error)")
        }
    }

    /// A loop's rings, and the first slab of its pool, which is cut out of twice its size.
    private static let bytesOfLoop = 5 << 20

    /// The watchdog; libdispatch's workers, its manager, and one for each of its serial queues: the main queue, and the
    /// signals'.
    private static var supportingThreads: Int { 1 + EventLoopGroup.processorCount + 1 + 2 }
}
