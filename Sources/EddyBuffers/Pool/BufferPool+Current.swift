internal import CEddyBuffers
internal import Glibc

extension BufferPool {
    /// The calling thread's pool: its event loop's, or one made on first use.
    ///
    /// A pool that was made here is closed when its thread ends. Do not keep it across an `await`: the task may resume
    /// on another thread, where the pool traps.
    public static var current: BufferPool {
        withCurrent { $0 }
    }

    /// Calls `body` with the current pool, without retaining it: the thread keeps it alive.
    @inline(__always)
    static func withCurrent<Result>(_ body: (BufferPool) -> Result) -> Result {
        if let allocator = unsafe BumpAllocator.current {
            return unsafe allocator.pointee.pool._withUnsafeGuaranteedRef(body)
        }
        return body(makeForCurrentThread())
    }

    @inline(never)
    private static func makeForCurrentThread() -> BufferPool {
        let pool = BufferPool()
        pool.makeCurrent()
        return pool
    }

    /// Makes this the calling thread's pool. The thread keeps it alive, and closes it when the thread ends.
    package func makeCurrent() {
        requireOwner()
        // A second reference would outlive the thread.
        let pointer = unsafe Unmanaged.passUnretained(self).toOpaque()
        guard unsafe pthread_getspecific(Self.closingKey) != pointer else { return }
        unsafe eddy_set_thread_allocator(allocator)
        unsafe pthread_setspecific(Self.closingKey, Unmanaged.passRetained(self).toOpaque())
    }

    /// A thread-local key whose only purpose is its destructor, which the system calls when a thread ends.
    private static let closingKey: pthread_key_t = {
        var key = pthread_key_t()
        let result = unsafe pthread_key_create(&key) { pointer in
            guard let pointer = unsafe pointer else { return }
            let pool = unsafe Unmanaged<BufferPool>.fromOpaque(pointer).takeRetainedValue()
            // If a later destructor of this thread allocates, it gets a new pool, and the system calls this once more.
            eddy_set_thread_allocator(nil)
            pool.close()
        }
        require(result == 0, "the process has used up its thread-local keys (pthread_key_create)")
        return key
    }()
}
