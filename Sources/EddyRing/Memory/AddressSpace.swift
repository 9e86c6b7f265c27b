internal import CLiburing
internal import EddySystem
internal import Glibc

/// The process's address space, as far as it is limited (RLIMIT_AS, `ulimit -v`).
package enum AddressSpace {
    /// The limit in bytes, when it leaves no room for another thread's stack; nil when it does, or when there is none.
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
            return SystemFacts.addressSpace.soft
        }
    }

    /// Makes sure that so many more bytes could be mapped.
    ///
    /// The kernel does not tell what is left, so they are mapped for a moment. Memory that nothing can be read from or
    /// written to costs nothing but address space.
    ///
    /// - Throws: `addressSpaceLimit`.
    package static func requireRoom(for byteCount: Int) throws(RingError) {
        guard let limit = SystemFacts.addressSpace.soft else { return }
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let mapped = unsafe mmap(nil, byteCount, PROT_NONE, flags, -1, 0), unsafe mapped != MAP_FAILED else {
            throw .addressSpaceLimit(bytes: limit)
        }
        unsafe munmap(mapped, byteCount)
    }

    /// Where the address space is limited, has all threads share one arena of the C library's allocator: 64 MiB for each
    /// thread would not fit. Call it before there are threads.
    package static func prepareAllocator() {
        if SystemFacts.addressSpace.soft != nil { _ = mallopt(M_ARENA_MAX, 1) }
    }
}
