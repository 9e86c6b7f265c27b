import EddyBuffers
import Testing

@Suite struct NodeAccessTests {
    private func alphabet() -> Buffer { Buffer.from((0..<26).map { UInt8(97 + $0) }) }

    @Test func index() {
        var buffer = Buffer.alloc(7)
        for (index, byte) in "Node.js".utf8.enumerated() { buffer.store(byte, at: index) }
        #expect(buffer.text() == "Node.js")
        #expect(buffer[0] == UInt8(ascii: "N"))
    }

    @Test func subarray() {
        let shared = Buffer.from("buffer").share()
        #expect(SharedBuffer(rebasing: shared[0..<5]).text() == "buffe")
        #expect(SharedBuffer(rebasing: shared[1..<3]).text() == "uf")
        #expect(SharedBuffer(rebasing: alphabet().share()[0..<3]).text() == "abc")
    }

    @Test func copy() {
        let first = alphabet()
        var second = Buffer.alloc(26, fill: "!")
        let copied = second.replaceBytes(from: 8, with: first.bytes.extracting(16..<20))
        #expect(copied == 4)
        #expect(second.text(.ascii, in: 0..<25) == "!!!!!!!!qrst!!!!!!!!!!!!!")
    }

    /// Node: "Copy from `buf` to itself, overlapping".
    @Test func copyToTheSameMemory() {
        var buffer = alphabet()
        let range = buffer.text(in: 4..<10)
        buffer.replaceBytes(from: 0, with: Buffer.from(range).bytes)
        #expect(buffer.text() == "efghijghijklmnopqrstuvwxyz")
    }

    @Test func copyCutsOffWhatDoesNotFit() {
        var buffer = Buffer.alloc(4)
        #expect(buffer.replaceBytes(from: 2, with: Buffer.from("abcd").bytes) == 2)
        #expect(buffer.array() == [0, 0, 97, 98])
    }

    @Test func fill() {
        var buffer = Buffer.alloc(50)
        buffer.fill("h")
        #expect(buffer.text() == String(repeating: "h", count: 50))
        var empty = Buffer.alloc(5, fill: "a")
        empty.fill("")
        #expect(empty.text(.hex) == "0000000000")
        // The last character is cut.
        var cut = Buffer.alloc(5)
        cut.fill("\u{0222}")
        #expect(cut.text(.hex) == "c8a2c8a2c8")
        cut.fill(1, in: 1..<3)
        #expect(cut.text(.hex) == "c80101a2c8")
    }

    @Test func compare() {
        let first = Buffer.from("ABC").share()
        let second = Buffer.from("BCD").share()
        let third = Buffer.from("ABCD").share()
        #expect(!(first < first))
        #expect(first < second)
        #expect(first < third)
        #expect(second > first)
        #expect(second > third)
        #expect([first, second, third].sorted() == [first, third, second])
        let unique = Buffer.from("ABCD")
        let prefix = Buffer.from("ABC")
        #expect((prefix < unique) == true)
        #expect((unique > prefix) == true)
        #expect((unique < prefix) == false)
        // Bytes are unsigned.
        #expect(Buffer.from([0x7F]).lexicographicallyPrecedes(Buffer.from([0x80]).bytes) == true)
    }

    @Test func compareRanges() {
        let first = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9]).share()
        let second = Buffer.from([5, 6, 7, 8, 9, 1, 2, 3, 4]).share()
        #expect(first[0..<4] == second[5..<9])
        #expect(first[4..<9] < second[0..<6])
        #expect(first[5..<6] > second[5..<9])
    }

    @Test func equals() throws {
        let first = Buffer.from("ABC")
        let second = try Buffer.from("414243", .hex)
        let longer = Buffer.from("ABCD")
        #expect((first == second) == true)
        #expect((first == longer) == false)
        #expect((first != longer) == true)
        #expect(Buffer().elementsEqual(Buffer().bytes) == true)
    }

    @Test func indexOf() {
        let buffer = Buffer.from("this is a buffer")
        #expect(buffer.firstIndex(of: "this") == 0)
        #expect(buffer.firstIndex(of: "is") == 2)
        #expect(buffer.firstIndex(of: Buffer.from("a buffer").bytes) == 8)
        #expect(buffer.firstIndex(of: UInt8(97)) == 8)
        #expect(buffer.firstIndex(of: "a buffer example") == nil)
        #expect(buffer.firstIndex(of: "a buffer", from: 9) == nil)
        #expect(buffer.firstIndex(of: "", from: 5) == 5)
        #expect(buffer.firstIndex(of: "", from: 16) == 16)
    }

    @Test func indexOfWideText() throws {
        let wide = try Buffer.from("\u{039A}\u{0391}\u{03A3}\u{03A3}\u{0395}", .utf16le)
        let sigma = try Buffer.from("\u{03A3}", .utf16le)
        #expect(wide.firstIndex(of: sigma.bytes) == 4)
        #expect(wide.firstIndex(of: sigma.bytes, from: 5) == 6)
    }

    @Test func lastIndexOf() {
        let buffer = Buffer.from("this buffer is a buffer")
        #expect(buffer.lastIndex(of: "this") == 0)
        #expect(buffer.lastIndex(of: "buffer") == 17)
        #expect(buffer.lastIndex(of: UInt8(97)) == 15)
        #expect(buffer.lastIndex(of: "yolo") == nil)
        #expect(buffer.lastIndex(of: "") == 23)
        #expect(Buffer().lastIndex(of: UInt8(97)) == nil)
    }

    @Test func includes() {
        let buffer = Buffer.from("this is a buffer")
        #expect(buffer.contains("this") == true)
        #expect(buffer.contains("is") == true)
        #expect(buffer.contains(Buffer.from("a buffer").bytes) == true)
        #expect(buffer.contains(UInt8(97)) == true)
        #expect(buffer.contains("a buffer example") == false)
        #expect(buffer.contains(UInt8(0)) == false)
    }

    @Test func swap() {
        var buffer = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8])
        buffer.swapBytes(width: 2)
        #expect(buffer.text(.hex) == "0201040306050807")
        buffer.swapBytes(width: 2)
        buffer.swapBytes(width: 4)
        #expect(buffer.text(.hex) == "0403020108070605")
        buffer.swapBytes(width: 4)
        buffer.swapBytes(width: 8)
        #expect(buffer.text(.hex) == "0807060504030201")
    }

    @Test func values() {
        #expect(Array(Buffer.from("buffer").share()) == [98, 117, 102, 102, 101, 114])
        #expect(Array(Buffer.from("buffer").share().indices) == [0, 1, 2, 3, 4, 5])
        #expect(Buffer.from("buffer").share().enumerated().map { [$0.offset, Int($0.element)] }.first == [0, 98])
    }

    @Test func descriptionOfBytes() {
        // Node's inspect: <Buffer 62 75 66 66 65 72>
        #expect(Buffer.from("buffer").description == "Buffer(6 bytes: 62 75 66 66 65 72)")
    }

    @Test(arguments: [(-1, 2), (2, 9), (8, 8)])
    func aRangeOutsideOfTheBufferTraps(lower: Int, upper: Int) async {
        await #expect(processExitsWith: .failure) { [lower, upper] in
            var buffer = Buffer.from("buffer")
            buffer.fill(0, in: lower..<upper)
        }
        await #expect(processExitsWith: .failure) { [lower, upper] in
            _ = Buffer.from("buffer").text(in: lower..<upper)
        }
    }

    @Test func aGroupThatIsNotWholeTraps() async {
        await #expect(processExitsWith: .failure) {
            var buffer = Buffer.from([1, 2, 3])
            buffer.swapBytes(width: 2)
        }
    }
}
