internal import CLiburing
internal import EddySystem
internal import Glibc

/// The limit of the process's address space (RLIMIT_AS, `ulimit -v`).
package enum AddressSpace {
    /// The limit in bytes if it leaves no room for another thread's stack; nil if it does, or if there is no limit.
    static var exhaustedLimit: UInt64? {
        var attributes = pthread_attr_t()
        var stackSize = 8 << 20
        if unsafe pthread_attr_init(&attributes) == 0 {
            unsafe _ = pthread_attr_getstacksize(&attributes, &stackSize)
            unsafe pthread_attr_destroy(&attributes)
        }
        do throws(RingError) {
            try requireRoom(for: stackSize)
            return nil
        } catch {
            return SystemInformation.addressSpace.soft
        }
    }

    /// Checks that `byteCount` more bytes can be mapped.
    ///
    /// The kernel does not report how much is left, so the bytes are mapped briefly. Inaccessible memory costs only
    /// address space.
    ///
    /// - Throws: `addressSpaceLimit`.
    package static func requireRoom(for byteCount: Int) throws(RingError) {
        guard let limit = SystemInformation.addressSpace.soft else { return }
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let mapped = unsafe mmap(nil, byteCount, PROT_NONE, flags, -1, 0), unsafe mapped != MAP_FAILED else {
            throw .addressSpaceLimit(bytes: limit)
        }
        unsafe munmap(mapped, byteCount)
    }

    /// If the address space is limited, makes all threads share one arena of the C library's allocator: 64 MiB for each
    /// thread would not fit. Call it before any thread is started.
    package static func prepareAllocator() {
        if SystemInformation.addressSpace.soft != nil { _ = mallopt(M_ARENA_MAX, 1) }
    }
}
