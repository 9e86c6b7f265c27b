import Eddy

/// The threads that a command needs: those of its loops and of Swift's runtime.
enum ThreadReserve {
    /// Checks that the process may have the threads, by starting and ending that many, and that there is address space
    /// for the loops' memory as well.
    ///
    /// libdispatch, which runs Swift's tasks, retries for ever when it cannot start a thread, so the check precedes the
    /// first task. Other processes of the user may still take the threads afterwards.
    ///
    /// - Throws: ``CommandFailure`` if there are not enough threads or not enough address space.
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

    /// A loop's rings, and the first slab of its pool, which needs twice its size for alignment.
    private static let bytesOfLoop = 5 << 20

    /// The watchdog; libdispatch's workers, its manager, and one thread for each of its serial queues: the main queue
    /// and the queue of signals.
    private static var supportingThreads: Int { 1 + EventLoopGroup.processorCount + 1 + 2 }
}
