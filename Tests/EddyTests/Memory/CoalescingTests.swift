import EddyBuffers
import Testing

@testable import Eddy

/// Small slices that are not adjacent in memory, like those of many connections that receive in turn.
@Suite("memory: coalescing")
final class CoalescingTests {
    private let pool = BufferPool(configuration: .init(receiveChunkSize: 64 << 10))
    private let store: SliceStore
    private var queue = SliceQueue()
    private var others = SliceQueue()

    init() { store = SliceStore(pool: pool) }

    deinit {
        store.removeAll(of: &queue)
        store.removeAll(of: &others)
        #expect(pool.statistics.slicesOut == 0)
        #expect(pool.copiedBytes == 0)
        let footprint = store.footprint
        #expect(footprint == 0)
    }

    @Test("A queue of single bytes takes one slice per page, and the bytes stay in order")
    func singleBytes() {
        let total = 20_000
        for number in 0..<total {
            add([UInt8(truncatingIfNeeded: number % 251)], to: &queue)
            add([0xFF], to: &others)
        }
        #expect(queue.count <= 4 + UInt32(total) / 4096 + 1)
        #expect(queue.footprint < 2 * total)
        #expect(Int(queue.byteCount) == total)
        var index = 0
        while let slice = store.popFirst(of: &queue) {
            let bytes = UnsafeRawBufferPointer(start: slice.start, count: Int(slice.count))
            for byte in bytes {
                #expect(byte == UInt8(index % 251))
                index += 1
            }
            slice.drop()
        }
        #expect(index == total)
    }

    @Test("Slices in flight are left as they are")
    func inFlight() {
        for number in 0..<6 { add([UInt8(number)], to: &queue, mayMerge: false) }
        #expect(queue.count == 6)
        let before = store.first(of: queue)!.start
        add([6], to: &queue, mayMerge: false)
        #expect(queue.count == 7 && store.first(of: queue)!.start == before)
    }

    @Test("Large slices are not copied")
    func largeSlices() {
        for _ in 0..<10 {
            add([UInt8](repeating: 1, count: 2000), to: &queue)
            add([0], to: &others)
        }
        #expect(queue.count == 10)
    }

    @Test("Without memory for a copy each slice is queued as it is")
    func noMemory() {
        let small = BufferPool(configuration: .init(receiveChunkSize: 64 << 10, maximumBytes: 0))
        let store = SliceStore(pool: small)
        var queue = SliceQueue()
        for number in 0..<100 {
            store.append(slice([UInt8(number)]), to: &queue, mayMerge: true)
            add([0], to: &others)
        }
        #expect(queue.count == 100 && queue.byteCount == 100)
        store.removeAll(of: &queue)
        small.close()
    }

    @Test("Nodes that a burst needed are freed, and queues keep their slices")
    func shrinking() {
        for number in 0..<5000 { add([UInt8(truncatingIfNeeded: number)], to: &queue, mayMerge: false) }
        for number in 0..<10 { add([UInt8(number)], to: &others, mayMerge: false) }
        var mayShrink = store.mayShrink
        #expect(mayShrink)
        // More than a quarter is in use.
        shrink()
        mayShrink = store.mayShrink
        #expect(mayShrink)
        store.removeAll(of: &queue)
        shrink()
        mayShrink = store.mayShrink
        #expect(!mayShrink)
        #expect(queue.isEmpty && others.count == 10)
        add([10], to: &queue)
        add([10], to: &others)
        var bytes: [UInt8] = []
        while let slice = store.popFirst(of: &others) {
            bytes += UnsafeRawBufferPointer(start: slice.start, count: Int(slice.count))
            slice.drop()
        }
        #expect(bytes == Array(0...10))
        #expect(queue.count == 1)
    }

    private func shrink() {
        store.shrink { relink in
            relink(&queue)
            relink(&others)
        }
    }

    private func add(_ bytes: [UInt8], to queue: inout SliceQueue, mayMerge: Bool = true) {
        store.append(slice(bytes), to: &queue, mayMerge: mayMerge)
    }

    /// A slice without free capacity, as receives create them, that is not adjacent to the next one.
    private func slice(_ bytes: [UInt8]) -> Slice {
        var buffer = pool.allocate(bytes.count + 8)
        buffer.append(copying: bytes.span)
        return buffer.splitFirst(bytes.count).relinquish()
    }
}
