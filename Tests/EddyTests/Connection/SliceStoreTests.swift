import EddyBuffers
import Testing

@testable import Eddy

/// Taking, searching and gathering bytes that lie in several slices.
@Suite("connections: gathering")
final class SliceStoreTests {
    private let pool = BufferPool(configuration: .init(receiveChunkSize: 64 << 10))
    private let store = SliceStore(capacity: 2)
    private var queue = SliceQueue()

    deinit {
        store.removeAll(of: &queue)
        #expect(pool.statistics.slicesOut == 0)
    }

    @Test("Bytes within one slice are split off without a copy")
    func cutting() {
        add("hello world")
        let start = store.first(of: queue)!.start
        let word = take(5)
        #expect(word.start == start)
        #expect(text(word) == "hello")
        #expect(queue.byteCount == 6)
        let rest = take(6)
        #expect(rest.start == start + 5)
        #expect(text(rest) == " world")
        #expect(queue.isEmpty)
    }

    @Test("Bytes across slices are gathered, and the rest stays", arguments: 0...15)
    func gathering(count: Int) {
        for piece in ["a", "bc", "def", "ghij", "klmno"] { add(piece) }
        #expect(text(take(count)) == String("abcdefghijklmno".prefix(count)))
        #expect(queue.byteCount == UInt32(15 - count))
        #expect(text(take(15 - count)) == String("abcdefghijklmno".dropFirst(count)))
    }

    @Test("Small slices are gathered into a growing one; each byte is copied a few times at most")
    func fragments() {
        let total = 100_000
        var moves = 0
        var start: UnsafeMutableRawPointer?
        for number in 0..<total {
            add([UInt8(truncatingIfNeeded: number)])
            store.gatherFragments(of: &queue, expected: total, allocate: pool.allocateCopy)
            #expect(queue.count <= 5)
            let first = store.first(of: queue)!
            if first.start != start, first.capacity > 1 {
                moves += Int(first.count)
                start = first.start
            }
        }
        // Doubling: half, a quarter, an eighth … of the bytes.
        #expect(moves < 3 * total)
        let whole = take(total)
        let bytes = UnsafeRawBufferPointer(start: whole.start, count: total)
        #expect(bytes.indices.allSatisfy { bytes[$0] == UInt8(truncatingIfNeeded: $0) })
        whole.drop()
    }

    @Test("More small slices than fit into the pages of 4 GiB")
    func manyFragments() {
        let total = 1 << 20 + 2
        for number in 0..<total { add([UInt8(truncatingIfNeeded: number)]) }
        store.gatherFragments(of: &queue, expected: total, allocate: pool.allocateCopy)
        #expect(queue.count == 1)
        #expect(Int(queue.byteCount) == total)
    }

    @Test("Large slices stay where they are until they are taken")
    func largeSlices() {
        for _ in 0..<8 { add([UInt8](repeating: 1, count: 8000)) }
        store.gatherFragments(of: &queue, expected: 1 << 20, allocate: pool.allocateCopy)
        #expect(queue.count == 8)
    }

    @Test("A delimiter is found wherever it lies", arguments: [1, 2, 3, 4, 100])
    func searching(pieceLength: Int) {
        let text = Array("aab--aa-b-aaab---".utf8)
        for piece in stride(from: 0, to: text.count, by: pieceLength) {
            add(Array(text[piece..<min(piece + pieceLength, text.count)]))
        }
        for delimiter in ["a", "b", "--", "aab", "aaab---", "-b-", "c", "ab-aa", "---"] {
            let wanted = Array(delimiter.utf8)
            for start in 0...text.count {
                let places = start...max(start, text.count - wanted.count)
                let expected = places.first { text[$0...].starts(with: wanted) }
                #expect(store.firstIndex(of: Delimiter(delimiter), in: queue, from: start) == expected)
            }
        }
        for index in text.indices { #expect(store.byte(at: index, of: queue) == text[index]) }
    }

    @Test("An integer is read across slices", arguments: [1, 2, 3, 8])
    func integers(pieceLength: Int) {
        let bytes: [UInt8] = [0x81, 2, 3, 4, 5, 6, 7, 0x88]
        for piece in stride(from: 0, to: 8, by: pieceLength) { add(Array(bytes[piece..<min(piece + pieceLength, 8)])) }
        #expect(store.leadingInteger(1, of: queue, endianness: .big) == 0x81)
        #expect(store.leadingInteger(2, of: queue, endianness: .big) == 0x8102)
        #expect(store.leadingInteger(2, of: queue, endianness: .little) == 0x0281)
        #expect(store.leadingInteger(4, of: queue, endianness: .big) == 0x8102_0304)
        #expect(store.leadingInteger(8, of: queue, endianness: .big) == 0x8102_0304_0506_0788)
        #expect(store.leadingInteger(8, of: queue, endianness: .little) == 0x8807_0605_0403_0281)
    }

    @Test("Without memory to gather in, nothing is taken")
    func refusedGathering() {
        for piece in ["abc", "def"] { add(piece) }
        let refused = store.take(5, of: &queue, allocate: { _ in nil })
        #expect(refused == nil)
        store.gatherFragments(of: &queue, expected: 100, allocate: { _ in nil })
        #expect(queue.byteCount == 6 && queue.count == 2)
        #expect(text(take(6)) == "abcdef")
    }

    private func take(_ byteCount: Int) -> Slice {
        store.take(byteCount, of: &queue, allocate: pool.allocateCopy)!
    }

    private func add(_ text: String) { add(Array(text.utf8)) }

    /// Adds a slice without free capacity, as receives create them.
    private func add(_ bytes: [UInt8]) {
        var buffer = pool.allocate(bytes.count + 8)
        buffer.append(copying: bytes.span)
        store.append(buffer.splitFirst(bytes.count).relinquish(), to: &queue)
    }

    private func text(_ slice: Slice) -> String { String(decoding: Buffer(adopting: slice)) }
}
