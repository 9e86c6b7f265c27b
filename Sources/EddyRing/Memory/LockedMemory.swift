internal import Glibc
internal import Synchronization

/// The memory that this process may pin for its rings' fixed buffers. Any thread.
enum LockedMemory {
    /// The user's limit (RLIMIT_MEMLOCK, `ulimit -l`) in bytes.
    static var limit: UInt64 {
        var limit = rlimit()
        return unsafe getrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit) == 0
            ? UInt64(limit.rlim_cur) : 0
    }

    private static let reserved = Atomic<UInt64>(0)

    /// Reserves `byteCount` bytes to pin. Refuses to go beyond a quarter of the limit: the other processes of the
    /// user, and the rings themselves, need the rest.
    static func reserve(_ byteCount: Int) -> Bool {
        let total = reserved.wrappingAdd(UInt64(byteCount), ordering: .relaxed).newValue
        if total <= limit / 4 { return true }
        giveBack(byteCount)
        return false
    }

    static func giveBack(_ byteCount: Int) {
        reserved.wrappingSubtract(UInt64(byteCount), ordering: .relaxed)
    }
}
