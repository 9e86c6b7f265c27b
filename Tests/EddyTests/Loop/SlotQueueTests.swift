import Testing

@testable import Eddy

/// First in, first out, however many there are.
@Suite("loop: slot queue")
struct SlotQueueTests {
    @Test("A queue that grows while it is wrapped around keeps its order")
    func growsWhileWrapped() {
        let queue = SlotQueue(capacity: 2)
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
        while let slot = queue.popFirst() {
            #expect(slot == expected)
            expected += 1
        }
        #expect(expected == next)
        #expect(queue.isEmpty == true)
        #expect(queue.popFirst() == nil)
    }
}
