internal import Glibc

extension BufferPool {
    /// The calling thread's pool: its event loop's, or one made when the thread first asks.
    ///
    /// A pool that was made here is closed when its thread ends.
    public static var current: BufferPool {
        withCurrent { $0 }
    }

    /// Calls `body` with the current pool, without counting a reference to it: the thread keeps it alive.
    @inline(__always)
    static func withCurrent<Result>(_ body: (BufferPool) -> Result) -> Result {
        if let pointer = unsafe pthread_getspecific(ThreadPoolKey.key) {
            return unsafe Unmanaged<BufferPool>.fromOpaque(pointer)._withUnsafeGuaranteedRef(body)
        }
        return body(makeForCurrentThread())
    }

    @inline(never)
    private static func makeForCurrentThread() -> BufferPool {
        let pool = BufferPool()
        pool.makeCurrent()
        return pool
    }

    /// Makes this the calling thread's pool. The thread keeps it alive, and closes it when it ends.
    package func makeCurrent() {
        precondition(owner == .current, "a pool serves the thread that made it")
        unsafe pthread_setspecific(ThreadPoolKey.key, Unmanaged.passRetained(self).toOpaque())
    }
}

/// The thread-local variable that holds each thread's pool.
private enum ThreadPoolKey {
    static let key: pthread_key_t = {
        var key = pthread_key_t()
        let result = unsafe pthread_key_create(&key) { pointer in
            guard let pointer = unsafe pointer else { return }
            let pool = unsafe Unmanaged<BufferPool>.fromOpaque(pointer).takeRetainedValue()
            pool.close()
        }
        precondition(result == 0, "the process has used up its thread-local keys (pthread_key_create)")
        return key
    }()
}
