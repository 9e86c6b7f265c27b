import EddyBuffers
import Testing

@Suite struct SharedBufferTests {
    /// More bytes than are copied when they are shared.
    private func large(in pool: BufferPool, count: Int = 1000) -> Buffer {
        var buffer = pool.allocate(count)
        for index in 0..<count { buffer.append(UInt8(truncatingIfNeeded: index)) }
        return buffer
    }

    @Test func copiesReadTheSameMemory() {
        BufferPool.temporary { pool in
            let buffer = large(in: pool)
            let address = buffer.address
            let shared = buffer.share()
            let copy = shared
            #expect(shared == copy)
            #expect(copy.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } == address)
            #expect(pool.statistics.slicesOut == 1)
        }
    }

    @Test func theLastReferenceRecyclesTheMemory() {
        BufferPool.temporary { pool in
            var shared = large(in: pool).share()
            var slice = shared[100..<200]
            shared = SharedBuffer()
            #expect(pool.statistics.slicesOut == 1)
            #expect(slice.first == 100)
            slice = SharedBuffer()
            #expect(pool.statistics.slicesOut == 0)
        }
    }

    @Test func theLastReferenceMayDropOnAnyThread() {
        BufferPool.temporary { pool in
            for _ in 0..<100 {
                let shared = large(in: pool).share()
                let threads = Threads.start(count: 4) { [shared] number in
                    for _ in 0..<10 {
                        let slice = shared[number * 100..<number * 100 + 50]
                        precondition(slice.first == UInt8(truncatingIfNeeded: number * 100))
                    }
                }
                threads.join()
            }
            pool.drainRemoteFrees()
            #expect(pool.statistics.slicesOut == 0)
        }
    }

    @Test func fewBytesLetGoOfTheirChunk() {
        BufferPool.temporary { pool in
            let small = large(in: pool, count: 256).share()
            #expect(pool.statistics.slicesOut == 0)
            #expect(small.count == 256 && small.last == 255)
            let large = large(in: pool, count: 257).share()
            #expect(pool.statistics.slicesOut == 1)
            #expect(large.count == 257)
        }
    }

    @Test func slicesOfSlicesKeepTheirIndices() {
        let shared = Buffer.from(Array(0..<100)).share()
        let slice = shared[10..<50][20..<30]
        #expect(slice.startIndex == 20 && slice.endIndex == 30 && slice.count == 10)
        #expect(slice[20] == 20 && slice.first == 20 && slice.last == 29)
        #expect(Array(slice) == Array(20..<30))
        #expect(Array(slice.dropFirst(2).prefix(3)) == [22, 23, 24])
    }

    @Test func rebasedSlicesStartAtZero() {
        let shared = Buffer.from(Array(0..<100)).share()
        let slice = SharedBuffer(rebasing: SharedBuffer(rebasing: shared[10..<50])[10..<20])
        #expect(slice.startIndex == 0)
        #expect(slice[0] == 20 && Array(slice) == Array(20..<30))
    }

    @Test func equalBytesAreEqualWhereverTheyLie() {
        let left = Buffer.from("--abc--").share()[2..<5]
        let right = Buffer.from("abc").share()
        #expect(left == right)
        #expect(Set([left, right]).count == 1)
        #expect(left != Buffer.from("abd").share())
        #expect(left != Buffer.from("ab").share())
        #expect(SharedBuffer() == right[3..<3])
    }

    @Test func isACollectionOfBytes() {
        let shared = Buffer.from("hello, world").share()
        #expect(String(decoding: shared, as: UTF8.self) == "hello, world")
        #expect(shared.split(separator: UInt8(ascii: ",")).map { String(decoding: $0) } == ["hello", " world"])
        #expect(shared.reversed().first == UInt8(ascii: "d"))
        #expect(shared.withContiguousStorageIfAvailable { $0.count } == 12)
        #expect(shared.span.count == 12 && shared.span[1] == UInt8(ascii: "e"))
        #expect(shared.firstIndex(of: UInt8(ascii: "o")) == 4)
    }

    @Test func theDescriptionShowsTheLengthAndAFewBytes() {
        #expect(SharedBuffer().description == "SharedBuffer(0 bytes)")
        #expect("\(Buffer.from("hello").share())" == "SharedBuffer(5 bytes: 68 65 6c 6c 6f)")
        let long = Buffer.alloc(1 << 20, fill: 7).share().description
        #expect(long == "SharedBuffer(1048576 bytes:" + String(repeating: " 07", count: 16) + " …)")
    }

    @Test func theOnlyReferenceBecomesUniqueWithoutACopy() {
        BufferPool.temporary { pool in
            let buffer = large(in: pool)
            let address = buffer.address
            var shared = buffer.share()[10..<20]
            guard var unique = shared.takeIfUnique() else {
                Issue.record("nothing else refers to the memory")
                return
            }
            #expect(unique.address == address + 10)
            #expect(unique.array() == Array(10..<20))
            #expect(shared.count == 0)
            // The memory after it has no owner any more.
            #expect(unique.freeCapacity == 1000 - 20)
            unique.append(1)
            unique = Buffer()
            #expect(pool.statistics.slicesOut == 0)
        }
    }

    @Test func whatOthersReferToIsCopiedToBecomeUnique() {
        let shared = Buffer.from(Array(repeating: 5, count: 1000)).share()
        var copy = shared
        let isUnique = copy.takeIfUnique() != nil
        #expect(!isUnique)
        var unique = copy.unshare()
        unique.fill(6)
        #expect(shared.allSatisfy { $0 == 5 })
        #expect(unique.array().allSatisfy { $0 == 6 })
    }

    @Test func aCompactedSliceLetsGoOfTheRest() {
        BufferPool.temporary { pool in
            var shared = large(in: pool).share()
            let slice = shared[0..<100].compacted()
            shared = SharedBuffer()
            #expect(pool.statistics.slicesOut == 0)
            #expect(Array(slice) == Array(0..<100))
        }
    }

    @Test(arguments: [(-1, 2), (0, 6), (6, 7)])
    func aRangeOutsideOfTheBytesTraps(lower: Int, upper: Int) async {
        await #expect(processExitsWith: .failure) { [lower, upper] in
            _ = Buffer.from("hello").share()[lower..<upper]
        }
        await #expect(processExitsWith: .failure) { [lower, upper] in
            _ = Buffer.from("hello").share()[lower..<upper]
        }
    }

    @Test func anIndexOutsideOfASliceTraps() async {
        await #expect(processExitsWith: .failure) { _ = Buffer.from("hello").share()[1..<3][0] }
    }
}
