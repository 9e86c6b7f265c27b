import EddyBuffers
import Testing

@testable import Eddy

/// Slices are in order, and each is dropped once.
@Suite("connections: slice queue")
final class SliceQueueTests {
    private let pool = BufferPool()
    private let store = SliceStore(capacity: 2)

    @Test("Slices come out in order, for any number of slices")
    func order() {
        var queue = SliceQueue()
        for number in 1...100 { store.append(slice(of: number), to: &queue) }
        #expect(queue.count == 100)
        #expect(queue.byteCount == 5050)
        for number in 1...100 {
            let slice = store.popFirst(of: &queue)
            #expect(slice?.count == UInt32(number))
            slice?.drop()
        }
        #expect(queue.isEmpty)
        #expect(queue.byteCount == 0)
        expectNothingHeld()
    }

    @Test("A slice that is put back counts as before")
    func puttingBack() {
        var queue = SliceQueue()
        for number in 1...3 { store.append(slice(of: number), to: &queue) }
        var footprint = store.footprint
        #expect(footprint == 6 + 3 * SliceStore.costOfSlice && footprint == queue.footprint)
        if let first = store.popFirst(of: &queue) { store.prepend(first, to: &queue) }
        footprint = store.footprint
        #expect(footprint == 6 + 3 * SliceStore.costOfSlice && footprint == queue.footprint)
        store.removeAll(of: &queue)
        footprint = store.footprint
        #expect(footprint == 0)
        expectNothingHeld()
    }

    @Test("Two queues share a store without mixing slices")
    func twoQueues() {
        var (first, second) = (SliceQueue(), SliceQueue())
        for _ in 0..<10 {
            store.append(slice(of: 1), to: &first)
            store.append(slice(of: 2), to: &second)
        }
        #expect(first.byteCount == 10)
        #expect(second.byteCount == 20)
        store.removeAll(of: &first)
        var counts: [UInt32] = []
        store.forEach(in: second, limit: 4) { counts.append($0.count) }
        #expect(counts == [2, 2, 2, 2])
        store.removeAll(of: &second)
        expectNothingHeld()
    }

    @Test("Bytes are removed from the front, within a slice and across several", arguments: [0, 3, 10, 11, 25, 30])
    func removing(count: Int) {
        var queue = SliceQueue()
        for _ in 0..<3 { store.append(slice(of: 10), to: &queue) }
        store.removeFirst(count, of: &queue)
        #expect(queue.byteCount == UInt32(30 - count))
        #expect(queue.count == UInt32((30 - count + 9) / 10))
        #expect(store.first(of: queue)?.count == (count == 30 ? nil : UInt32(10 - count % 10)))
        store.removeAll(of: &queue)
        expectNothingHeld()
    }

    @Test("Adjacent slices become one slice, if allowed")
    func merging() {
        var queue = SliceQueue()
        var buffer = Buffer.allocUnsafe(64)
        buffer.append(repeating: 7, count: 64)
        store.append(buffer.splitFirst(16).relinquish(), to: &queue)
        store.append(buffer.splitFirst(16).relinquish(), to: &queue, mayMerge: true)
        #expect(queue.count == 1)
        store.append(buffer.splitFirst(16).relinquish(), to: &queue)
        #expect(queue.count == 2)
        #expect(queue.byteCount == 48)
        store.removeAll(of: &queue)
    }

    @Test("Adjacent slices of another thread's memory become one, and each is returned to that thread")
    func mergingForeignMemory() async throws {
        let (carriers, gate) = (Channel<[Carrier]>(), Gate())
        async let returns = blocking {
            let pool = BufferPool.current
            let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
            carriers.send((0..<10).map { _ in Carrier(Buffer.from(copying: bytes.span)) })
            gate.waitBlocking()
            pool.drainRemoteFrees()
            return (remote: pool.statistics.remoteReturns, slicesOut: pool.statistics.slicesOut)
        }
        var queue = SliceQueue()
        for carrier in try await carriers.next() {
            guard let slice = carrier.take()?.relinquish() else { continue }
            store.append(slice, to: &queue, mayMerge: true)
        }
        #expect(queue.byteCount == 80)
        #expect(queue.count == 1)
        store.removeAll(of: &queue)
        gate.open()
        // Counted by the owner when it drains its inbox.
        #expect(try await returns.remote == 10)
        #expect(try await returns.slicesOut == 0)
    }

    private func slice(of count: Int) -> Slice {
        let chunk = pool.allocateReceiveChunk()!
        chunk.retainOnOwnerThread()
        pool.reclaim(chunk)
        return Slice(chunk: chunk, start: chunk.base, count: UInt32(count), capacity: UInt32(count))
    }

    private func expectNothingHeld() { #expect(pool.statistics.slicesOut == 0) }
}
