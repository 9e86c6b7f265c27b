import EddyBuffers
import Testing

@Suite struct AppendingTests {
    @Test func appendsBytesStringsAndRepetitions() {
        var buffer = Buffer.allocUnsafe(32)
        buffer.append("né")
        buffer.append(copying: [1, 2, 3].span)
        buffer.append(repeating: 9, count: 2)
        #expect(buffer.array() == [0x6E, 0xC3, 0xA9, 1, 2, 3, 9, 9])
        #expect(buffer.count == 8 && buffer.freeCapacity == 24)
    }

    @Test func anInitialisingClosureOwnsWhatItHasWritten() {
        var buffer = Buffer.allocUnsafe(8)
        buffer.append { span in
            span.append(1)
            span.append(2)
        }
        #expect(buffer.array() == [1, 2])
    }

    @Test func whatWasWrittenBeforeAnErrorStays() {
        struct Failure: Error {}
        var buffer = Buffer.allocUnsafe(8)
        #expect(throws: Failure.self) {
            try buffer.append { (span) throws(Failure) in
                span.append(1)
                throw Failure()
            }
        }
        #expect(buffer.array() == [1])
    }

    @Test func theClosureIsOfferedTheFreeCapacityOnly() {
        var buffer = Buffer.allocUnsafe(8)
        buffer.append("abc")
        var offered = 0
        buffer.append { span in offered = span.freeCapacity }
        #expect(offered == 5)
    }

    @Test func truncatedRoomCanBeAppendedToAgain() {
        var buffer = Buffer.allocUnsafe(4)
        buffer.append("abcd")
        buffer.truncate(to: 2)
        buffer.append("xy")
        #expect(String(decoding: buffer) == "abxy")
    }

    @Test func moreThanTheFreeCapacityTraps() async {
        await #expect(processExitsWith: .failure) {
            var buffer = Buffer.allocUnsafe(3)
            buffer.append("abcd")
        }
        await #expect(processExitsWith: .failure) {
            var buffer = Buffer.allocUnsafe(3)
            buffer.append(repeating: 0, count: -1)
        }
    }
}
