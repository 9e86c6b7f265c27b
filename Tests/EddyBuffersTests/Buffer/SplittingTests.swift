import EddyBuffers
import Testing

@Suite struct SplittingTests {
    @Test func bothPartsStayInTheSameMemory() {
        var buffer = Buffer.from("hello, world")
        let address = buffer.address
        let first = buffer.splitFirst(5)
        #expect(String(decoding: first) == "hello")
        #expect(String(decoding: buffer) == ", world")
        #expect(first.address == address && buffer.address == address + 5)
    }

    @Test func theFirstPartHasNoRoomAndTheRestKeepsIts() {
        var buffer = Buffer.allocUnsafe(16)
        buffer.append("abcd")
        let first = buffer.splitFirst(2)
        #expect(first.freeCapacity == 0)
        #expect(buffer.freeCapacity == 12)
        buffer.append("ef")
        #expect(String(decoding: first) == "ab")
        #expect(String(decoding: buffer) == "cdef")
    }

    @Test func eachPartHoldsTheMemoryByItself() {
        BufferPool.temporary { pool in
            var whole = pool.allocate(10)
            whole.append("0123456789")
            var part: Buffer? = whole.splitFirst(5)
            #expect(pool.statistics.slicesOut == 2)
            whole = Buffer()
            #expect(pool.statistics.slicesOut == 1)
            #expect(part!.array() == Array("01234".utf8))
            part = nil
            #expect(pool.statistics.slicesOut == 0)
            _ = part.take()
        }
    }

    @Test func splittingNothingOffTakesNoReference() {
        BufferPool.temporary { pool in
            var buffer = pool.allocate(10)
            let none = buffer.splitFirst(0)
            #expect(none.isEmpty && none.capacity == 0)
            #expect(pool.statistics.slicesOut == 1)
        }
    }

    @Test func removingFromTheFront() {
        var buffer = Buffer.from("abcdef")
        buffer.removeFirst(2)
        #expect(String(decoding: buffer) == "cdef")
        buffer.removeFirst(4)
        #expect(buffer.count == 0)
    }

    @Test(arguments: [-1, 4, Int.max, Int.min])
    func splittingOutsideOfTheBytesTraps(count: Int) async {
        await #expect(processExitsWith: .failure) { [count] in
            var buffer = Buffer.from("abc")
            _ = buffer.splitFirst(count).count
        }
        await #expect(processExitsWith: .failure) { [count] in
            var buffer = Buffer.from("abc")
            buffer.removeFirst(count)
        }
        await #expect(processExitsWith: .failure) { [count] in
            var buffer = Buffer.from("abc")
            buffer.truncate(to: count)
        }
    }
}
