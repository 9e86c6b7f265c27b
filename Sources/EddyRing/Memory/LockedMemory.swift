internal import EddySystem
internal import Glibc
internal import Synchronization

/// The memory that this process may pin for its rings' fixed buffers. Thread-safe.
enum LockedMemory {
    /// The user's limit (`ulimit -l`) in bytes; `UInt64.max` if unlimited.
    static var limit: UInt64 { SystemInformation.lockedMemory.soft ?? .max }

    private static let reserved = Atomic<UInt64>(0)

    /// Reserves `byteCount` bytes to pin. Fails beyond a quarter of the limit: the user's other processes, and the
    /// rings themselves, need the rest.
    static func reserve(_ byteCount: Int) -> Bool {
        let total = reserved.wrappingAdd(UInt64(byteCount), ordering: .relaxed).newValue
        if total <= limit / 4 { return true }
        release(byteCount)
        return false
    }

    static func release(_ byteCount: Int) {
        reserved.wrappingSubtract(UInt64(byteCount), ordering: .relaxed)
    }

    // MARK: Rings that were closed

    /// When this process last closed a ring (nanoseconds of CLOCK_MONOTONIC); 0 if never.
    private static let lastClose = Atomic<UInt64>(0)
    /// When locked memory was first short; 0 if never.
    private static let firstShortage = Atomic<UInt64>(0)
    /// The kernel takes tens of milliseconds to unlock the memory of a closed ring.
    static let releaseTime = Duration.milliseconds(250)

    /// Records that a ring was closed: the kernel will unlock its memory soon.
    static func noteClosedRing() {
        lastClose.store(MonotonicClock.now.nanoseconds, ordering: .relaxed)
    }

    /// Repeats `body` while it fails for lack of locked memory that a closed ring may still hold: a ring of this
    /// process, or of a process of the same user that has just ended, such as a server that is restarted. Blocks for at
    /// most a quarter of a second.
    ///
    /// - Parameter byteCount: the bytes that `body` locks. If they exceed the limit, the call does not wait.
    static func awaitingRelease<Value: ~Copyable>(
        of byteCount: UInt64,
        _ body: () throws(RingError) -> Value
    ) throws(RingError) -> Value {
        while true {
            do throws(RingError) {
                return try body()
            } catch {
                guard case .lockedMemoryLimit = error, byteCount <= limit, mayBeReleased(at: MonotonicClock.now) else {
                    throw error
                }
                usleep(2000)
            }
        }
    }

    /// Whether closed rings may still hold memory. The wait for rings of other processes happens only once.
    private static func mayBeReleased(at now: Instant) -> Bool {
        let noted = firstShortage.compareExchange(expected: 0, desired: now.nanoseconds, ordering: .relaxed)
        let shortage = noted.exchanged ? now.nanoseconds : noted.original
        let start = Instant(nanoseconds: max(shortage, lastClose.load(ordering: .relaxed)))
        return now < start.advanced(by: releaseTime)
    }
}
