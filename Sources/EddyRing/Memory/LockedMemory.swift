internal import Synchronization

/// The memory that this process may pin for its rings' fixed buffers. Any thread.
enum LockedMemory {
    /// The user's limit (`ulimit -l`) in bytes; `UInt64.max`: without one.
    static var limit: UInt64 { SystemFacts.lockedMemory.soft ?? .max }

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
