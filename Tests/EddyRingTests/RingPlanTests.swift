import EddySystem
import Testing

@testable import EddyRing

/// The ring sizes of a group of loops when little memory may be locked.
@Suite("ring: plans for limited locked memory")
struct RingPlanTests {
    private func plan(_ reason: EngineChoice.Reason = .available, entries: UInt32 = 512) -> RingPlan {
        RingPlan(
            choice: EngineChoice(kind: .uring, reason: reason),
            size: RingSize(submissionEntries: entries),
            features: RingFeatures(RingFeature.allCases),
            permitted: RingFeatures(RingFeature.allCases)
        )
    }

    @Test("A ring locks whole pages for its queues, its entries and its buffer rings")
    func lockedBytes() {
        #expect(RingSize.standard.lockedBytes(bufferRings: 1) == (17 + 8 + 1) * 4096)
        #expect(RingSize.minimum.lockedBytes(bufferRings: 2) == (2 + 1 + 2) * 4096)
    }

    @Test("If 56 of 64 loops have standard-size rings, all get them without fixed buffers")
    func withoutFixedBuffers() throws {
        let next = try #require(try plan().reduced(after: 56, of: 64, pinnedBytes: 2 << 20))
        #expect(next.size == .standard)
        #expect(!next.features.fixedBuffers)
        #expect(next.choice.kind == .uring)
        #expect(next.choice.notice?.contains("without fixed buffers") == true)
    }

    @Test("If nothing is pinned, the rings of all loops are as large as fits")
    func smaller() throws {
        let next = try #require(try plan().reduced(after: 16, of: 64, pinnedBytes: 0))
        // 16 × 104 KiB for 64 loops: 26 KiB each.
        #expect(next.size == RingSize(submissionEntries: 64))
        #expect(next.choice.notice?.contains("64 entries instead of 512") == true)
    }

    @Test("A single ring is halved until it fits; then epoll is used, and the notice says why")
    func single() throws {
        var plan = plan()
        var sizes: [UInt32] = []
        while plan.choice.kind == .uring {
            plan = try #require(try plan.reduced(after: 0, of: 1, pinnedBytes: 0))
            sizes.append(plan.size.submissionEntries)
        }
        #expect(sizes == [256, 128, 64, 32, 512])
        #expect(plan.choice.kind == .epoll)
        #expect(plan.choice.notice?.contains("ulimit -l") == true)
        #expect(try plan.reduced(after: 0, of: 1, pinnedBytes: 0) == nil)
    }

    @Test("If even the smallest rings do not fit, all loops use epoll at once")
    func epoll() throws {
        let next = try #require(try plan().reduced(after: 1, of: 64, pinnedBytes: 0))
        #expect(next.choice.kind == .epoll)
        #expect(!next.features.fixedBuffers)
    }

    @Test("io_uring that EDDY_ENGINE asks for is not replaced")
    func environment() throws {
        let plan = plan(.environment, entries: 32)
        #expect(try plan.reduced(after: 0, of: 1, pinnedBytes: 0) == nil)
    }

    @Test(
        "Loops that were stopped for lack of locked memory start with smaller rings",
        arguments: [128, 32] as [UInt32]
    )
    func makesRings(entries: UInt32) throws {
        guard EngineKind.tested.contains(.uring) else { return }
        let ring = try plan(entries: entries).makeRing()
        try ring.submit(.cancelEverything(token: OperationToken(kind: 1)))
        try ring.enter(waitFor: 1, deadline: MonotonicClock.now.advanced(by: .seconds(10)))
        #expect(ring.nextCompletion() != nil)
    }
}
