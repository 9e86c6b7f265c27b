import EddySystem
import Testing

@testable import Eddy

/// How a container's limits change the defaults.
@Suite("loop: container limits")
struct ContainerLimitTests {
    @Test(
        "There are no more loops than the quota has processors, rounded up, and at least one",
        arguments: [
            (8, nil, 8), (8, 4.0, 4), (8, 2.5, 3), (8, 0.1, 1), (2, 16.0, 2), (1, 0.5, 1), (4, .infinity, 4),
            (4, .nan, 4),
            (4, 9.3e18, 4),
        ] as [(Int, Double?, Int)]
    )
    func processors(usable: Int, quota: Double?, expected: Int) {
        #expect(EventLoopGroup.processorCount(usable: usable, quota: quota) == expected)
    }

    @Test("The default number of loops follows the process's processors and quota")
    func currentProcessors() {
        let quota = ControlGroup.current.processors
        #expect(
            EventLoopGroup.processorCount
                == EventLoopGroup.processorCount(usable: Processors.usableCount, quota: quota)
        )
    }

    @Test(
        "All pools together take a quarter of the memory, each within its bounds, in whole slabs",
        arguments: [
            (nil, 4, 128 << 20),
            (64 << 20, 1, 16 << 20),
            (64 << 20, 2, 8 << 20),
            (100 << 20, 3, 8 << 20),
            // No pool has fewer than two slabs.
            (64 << 20, 64, 4 << 20),
            (0, 1, 4 << 20),
            (512 << 20, 1, 128 << 20),
            (1 << 40, 64, 128 << 20),
        ] as [(Int?, Int, Int)]
    )
    func pools(memory: Int?, loops: Int, expected: Int) {
        #expect(EventLoop.Configuration.poolBytes(inContainerOf: memory, loops: loops) == expected)
    }

    @Test("A loop's pool follows the limits of the process's container")
    func currentPool() {
        let expected = EventLoop.Configuration.poolBytes(inContainerOf: ControlGroup.current.memory)
        #expect(EventLoop.Configuration().pool.maximumBytes == expected)
    }
}
