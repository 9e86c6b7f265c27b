import EddyBuffers
import Testing

@Suite struct AccessTests {
    @Test func spansShowTheInitialisedBytesOnly() {
        var buffer = Buffer.allocUnsafe(16)
        buffer.append("abc")
        #expect(buffer.bytes.byteCount == 3)
        #expect(buffer.mutableBytes.byteCount == 3)
    }

    @Test func bytesCanBeChangedThroughASpan() {
        var buffer = Buffer.from("abc")
        var span = buffer.mutableBytes
        span.storeBytes(of: UInt8(ascii: "X"), toByteOffset: 1, as: UInt8.self)
        #expect(String(decoding: buffer) == "aXc")
    }

    @Test func findsABytesFirstPlace() {
        let buffer = Buffer.from("hello")
        #expect(buffer.firstIndex(of: UInt8(ascii: "l")) == 2)
        #expect(buffer.firstIndex(of: UInt8(ascii: "l"), from: 3) == 3)
        #expect(buffer.firstIndex(of: UInt8(ascii: "l"), from: 4) == nil)
        #expect(Buffer().firstIndex(of: 0) == nil)
    }

    @Test func findsTheFirstDifference() {
        let buffer = Buffer.from("hello")
        #expect(buffer.firstDifference(from: Array("hello".utf8).span) == nil)
        #expect(buffer.firstDifference(from: Array("lXo".utf8).span, at: 2) == 1)
        #expect(buffer.firstDifference(from: [UInt8]().span, at: 5) == nil)
    }

    @Test(arguments: [-1, 3, Int.max, Int.min])
    func anIndexOutsideOfTheBytesTraps(index: Int) async {
        await #expect(processExitsWith: .failure) { [index] in
            let buffer = Buffer.from("abc")
            _ = buffer[index]
        }
    }

    @Test func textThatIsNotUTF8IsRepaired() {
        let buffer = Buffer.from(copying: [0x61, 0xFF, 0x62].span)
        #expect(String(decoding: buffer) == "a\u{FFFD}b")
    }
}
