import EddyBuffers
import Synchronization
import Testing

@Suite struct LeakTests {
    private final class Found: Sendable {
        let leaks = Mutex<[Leak]>([])
    }

    private func pool(_ level: LeakDetection, _ found: Found = Found()) -> BufferPool {
        var configuration = BufferPool.Configuration()
        configuration.leakDetection = level
        configuration.leakHandler = { leak in found.leaks.withLock { $0.append(leak) } }
        return BufferPool(configuration: configuration)
    }

    @Test func heldBuffersAreFoundWhenThePoolIsClosed() throws {
        let found = Found()
        let pool = pool(.all, found)
        let held = pool.allocate(123)
        _ = pool.allocate(456).count
        #expect(pool.close() == 1)
        let leaks = found.leaks.withLock { $0 }
        #expect(leaks.count == 1)
        #expect(leaks[0].byteCount == 123)
        #expect(leaks[0].age >= .zero)
        #expect(leaks[0].places.count == 1)
        #expect("\(leaks[0])".contains("123 bytes"))
        hold(held)
    }

    @Test func theWholeStackIsShown() throws {
        let pool = pool(.stacks)
        let held = pool.allocate(10)
        let leak = try #require(pool.leaks().first)
        #expect(leak.places.count > 1)
        #expect(leak.places.contains { $0.contains("EddyBuffersTests") || $0.contains("0x") })
        hold(held)
        _ = consume held
        #expect(pool.leaks().isEmpty)
        #expect(pool.close() == 0)
    }

    @Test func oneInAHundredAndTwentyEightIsSampled() {
        let pool = pool(.sampled)
        var held: [Parcel<Buffer>] = []
        for _ in 0..<1280 { held.append(Parcel(pool.allocate(64))) }
        #expect(pool.leaks().count == 10)
        #expect(pool.statistics.slicesOut == 1280)
        for parcel in held { _ = parcel.take() }
        #expect(pool.leaks().isEmpty)
        #expect(pool.close() == 0)
    }

    @Test func offWatchesNothing() {
        let pool = pool(.off)
        let held = pool.allocate(10)
        #expect(pool.leaks().isEmpty)
        #expect(pool.statistics.dedicatedBuffers == 0)
        hold(held)
        _ = consume held
        #expect(pool.close() == 0)
    }

    @Test func receivedSlicesAreFoundByTheirChunk() throws {
        let pool = pool(.all)
        let chunk = try #require(pool.allocateReceiveChunk())
        let slice = Slice(chunk, 0..<10)
        pool.reclaim(chunk)
        #expect(pool.leaks().first?.byteCount == 10)
        #expect(pool.leaks().first?.places == ["1 slices that were received"])
        #expect(pool.leaks(olderThan: .seconds(3600)).isEmpty)
        slice.drop()
        #expect(pool.leaks().isEmpty)
        #expect(pool.close() == 0)
    }

    @Test func aChunkThatIsUsedAgainIsNotTakenForWhatWasReceivedBefore() throws {
        let pool = pool(.all)
        let chunk = try #require(pool.allocateReceiveChunk())
        let received = Slice(chunk, 0..<10)
        pool.reclaim(chunk)
        received.drop()
        let again = try #require(pool.allocateReceiveChunk())
        #expect(again == chunk)
        #expect(pool.leaks().isEmpty)
        pool.reclaim(again)
        #expect(pool.close() == 0)
    }

    @Test func theEnvironmentSwitchesItOn() async {
        // A process reads the environment when it first asks for the setting.
        await #expect(processExitsWith: .success) {
            setEnvironment("EDDY_LEAK", "all")
            precondition(BufferPool.Configuration().leakDetection == .all)
        }
        await #expect(processExitsWith: .success) {
            setEnvironment("EDDY_LEAK", "nonsense")
            precondition(BufferPool.Configuration().leakDetection == .off)
        }
    }
}
