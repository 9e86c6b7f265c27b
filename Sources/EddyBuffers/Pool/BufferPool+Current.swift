internal import Glibc
internal import Synchronization

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
        if let pointer = unsafe ThreadPoolKey.value {
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
        unsafe ThreadPoolKey.set(Unmanaged.passRetained(self).toOpaque())
    }
}

/// The thread-local variable that holds each thread's pool.
///
/// Its key is kept in an atomic and not in a lazy global, whose every use would ask the runtime whether it is made.
private enum ThreadPoolKey {
    /// The key plus one, or 0 while there is none.
    private static let made = Atomic<UInt32>(0)

    /// The calling thread's pool; nil where it has none.
    @inline(__always)
    static var value: UnsafeMutableRawPointer? {
        let made = made.load(ordering: .acquiring)
        return unsafe made == 0 ? nil : pthread_getspecific(made - 1)
    }

    static func set(_ pool: UnsafeMutableRawPointer) {
        unsafe pthread_setspecific(key, pool)
    }

    private static var key: pthread_key_t {
        let existing = made.load(ordering: .acquiring)
        if existing != 0 { return existing - 1 }
        var key = pthread_key_t()
        let result = unsafe pthread_key_create(&key) { pointer in
            guard let pointer = unsafe pointer else { return }
            let pool = unsafe Unmanaged<BufferPool>.fromOpaque(pointer).takeRetainedValue()
            pool.close()
        }
        precondition(result == 0, "the process has used up its thread-local keys (pthread_key_create)")
        let (isFirst, other) = made.compareExchange(expected: 0, desired: key + 1, ordering: .acquiringAndReleasing)
        guard !isFirst else { return key }
        // Another thread was faster.
        pthread_key_delete(key)
        return other - 1
    }
}
