import EddyBuffers
import Glibc

/// Heap allocations, counted by `MallocCount` if it is preloaded.
enum Allocations {
    /// The 64-bit counters at the start of the file: see `malloc_count.h`, which is not linked, since it replaces
    /// malloc.
    private static let counters = 16

    /// Counts the allocations of a million buffers, allocated and dropped one by one and among 64 live ones.
    static func print() {
        guard let file = getenv("MALLOC_COUNT_FILE").map({ String(cString: $0) }) else {
            let line = "buffers-bench: preload malloc-count and set MALLOC_COUNT_FILE; see scripts/bench\n"
            _ = write(STDERR_FILENO, line, line.utf8.count)
            exit(2)
        }
        // The first buffer creates the thread's pool.
        keep(Buffer.allocUnsafe(64))
        let before = counted(in: file)
        for size in [64, 1024, 4096] {
            _ = Unique.eddy(size)
            _ = LiveSet.eddy(size)
        }
        let allocations = counted(in: file) - before
        Swift.print("heap allocations in 6 million buffers, allocated and dropped: \(allocations)")
    }

    private static func counted(in path: String) -> UInt64 {
        let file = open(path, O_RDONLY)
        defer { close(file) }
        var counters = [UInt64](repeating: 0, count: counters)
        let size = counters.count * MemoryLayout<UInt64>.stride
        let received = counters.withUnsafeMutableBytes { pread(file, $0.baseAddress, size, 0) }
        guard received == size else {
            perror("buffers-bench: \(path)")
            exit(1)
        }
        return counters.reduce(0, +)
    }
}
