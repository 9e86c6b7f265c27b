import Testing

@testable import Eddy

/// First in, first out, for any number of elements.
@Suite("loop: queue")
struct LoopQueueTests {
    @Test("A queue that grows while it is wrapped around keeps its order")
    func growsWhileWrapped() {
        let queue = LoopQueue<UInt32>(capacity: 2)
        var (next, expected) = (UInt32(0), UInt32(0))
        for _ in 0..<200 {
            for _ in 0..<3 {
                queue.append(next)
                next += 1
            }
            #expect(queue.popFirst() == expected)
            expected += 1
        }
        #expect(queue.count == 400)
        while let element = queue.popFirst() {
            #expect(element == expected)
            expected += 1
        }
        #expect(expected == next)
        #expect(queue.isEmpty == true)
        #expect(queue.popFirst() == nil)
    }
}
