import EddyBuffers
import EddyRing
import EddySystem
import Glibc
import Testing

/// Slabs that the kernel pins, within the limit of locked memory.
@Suite("ring: fixed buffers", .enabled(if: EngineKind.tested.contains(.uring)), .timeLimit(.minutes(5)))
struct FixedBuffersTests {
    @Test("Without a limit every slab is registered")
    func noLimit() async {
        await #expect(processExitsWith: .success) {
            guard limitLockedMemory(to: UInt64(rlim_t.max)) else { return }
            let (registered, refusal) = try registerSlabs(3)
            exit(registered == 3 && refusal == nil ? 0 : 1)
        }
    }

    @Test("At most a quarter of the limit is pinned, and the rest works unregistered")
    func quarter() async {
        await #expect(processExitsWith: .success) {
            guard limitLockedMemory(to: 16 << 20) else { return }
            let (registered, refusal) = try registerSlabs(3)
            guard registered == 2, refusal == .outOfMemory else { exit(1) }
            // The registered memory is released with its owner.
            exit(try registerSlabs(2).registered == 2 ? 0 : 2)
        }
    }

    @Test("Nothing is pinned if fixed buffers are disabled or unsupported", arguments: EngineKind.tested)
    func unsupported(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        let pool = BufferPool(configuration: .init(receiveChunkSize: 4096))
        let chunk = try #require(pool.allocateReceiveChunk())
        var fixed = FixedBuffers(ring: ring, isEnabled: engine != .uring)
        fixed.register(slabsOf: pool)
        #expect(fixed.registeredSlabs == 0)
        #expect(fixed.refusal == .notSupported)
        pool.reclaim(chunk)
    }

    @Test("With almost no limit nothing is pinned")
    func none() async {
        await #expect(processExitsWith: .success) {
            guard limitLockedMemory(to: 1 << 20) else { return }
            let (registered, refusal) = try registerSlabs(1)
            exit(registered == 0 && refusal == .outOfMemory ? 0 : 1)
        }
    }
}

/// Sets the limit of locked memory; returns false if this process may not raise it.
private func limitLockedMemory(to byteCount: UInt64) -> Bool {
    var limit = rlimit(rlim_cur: rlim_t(byteCount), rlim_max: rlim_t(byteCount))
    return setrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit) == 0
}

/// Registers a pool of `count` slabs of 2 MiB.
private func registerSlabs(_ count: Int) throws -> (registered: Int, refusal: SystemError?) {
    let ring = try Ring(engine: .uring, submissionEntries: 4, completionEntries: 8)
    let pool = BufferPool(configuration: .init(receiveChunkSize: 2 << 20))
    var fixed = FixedBuffers(ring: ring)
    fixed.register(slabsOf: pool)
    precondition(fixed.registeredSlabs == 0 && fixed.refusal == nil)
    let chunks = (0..<count).compactMap { _ in pool.allocateReceiveChunk() }
    fixed.register(slabsOf: pool)
    fixed.register(slabsOf: pool)
    precondition(fixed.registeredBytes == fixed.registeredSlabs * 2 << 20)
    for chunk in chunks { pool.reclaim(chunk) }
    pool.close()
    return (fixed.registeredSlabs, fixed.refusal)
}
