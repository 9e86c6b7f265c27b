import EddyBuffers
import Testing

/// A slice of a shared buffer uses the indices of the buffer that it was cut from, in every method.
@Suite("shared buffers: indices") struct SharedBufferIndexTests {
    private let whole = Buffer.from((0..<600).map { UInt8(truncatingIfNeeded: $0) }).share()

    /// The first and last positions of these bytes.
    private func places(of bytes: [UInt8], in part: SharedBuffer, from start: Int = 0) -> [Int?] {
        let span = bytes.span.bytes
        return [part.firstIndex(of: span, from: start), part.lastIndex(of: span)]
    }

    @Test func searchingUsesTheIndicesOfTheSlice() {
        let part = whole[500..<510]
        let byte = part[503]
        #expect(part.firstIndex(of: byte) == 503)
        #expect(part.firstIndex(of: byte, from: 503) == 503)
        #expect(part.firstIndex(of: byte, from: 504) == nil)
        #expect(part.lastIndex(of: byte) == 503)
        #expect(part.firstIndex(where: { $0 == byte }) == 503)
        #expect(part.lastIndex(where: { $0 == byte }) == 503)
        let sequence = [part[505], part[506]]
        #expect(places(of: sequence, in: part) == [505, 505])
        #expect(places(of: sequence, in: part, from: 506) == [nil, 505])
        #expect(places(of: [], in: part, from: 507) == [507, part.endIndex])
    }

    @Test func aSearchMayStartAnywhere() {
        let part = whole[500..<510]
        for start in [Int.min, -1, 0, 499, 510, 511, Int.max] {
            let expected: Int? = start < 510 ? 500 : nil
            #expect(part.firstIndex(of: part[500], from: start) == expected)
            #expect(places(of: [part[500]], in: part, from: start)[0] == expected)
        }
        let text = Buffer.from("abc").share()
        #expect(text.firstIndex(of: UInt8(ascii: "a"), from: 4) == nil)
        #expect(text.firstIndex(of: "a", from: -4) == 0)
        #expect(text.firstIndex(of: "", from: 3) == 3)
        #expect(text.firstIndex(of: "", from: 4) == nil)
    }

    @Test func loadingAndTextUseTheIndicesOfTheSlice() {
        let part = whole[500..<510]
        #expect(part.load(at: 501, as: UInt8.self) == part[501])
        #expect(part.load(at: 502, as: UInt16.self) == UInt16(part[502]) << 8 | UInt16(part[503]))
        let last = part[507..<510].reduce(0) { $0 << 8 | UInt64($1) }
        #expect(part.loadUnsigned(at: 507, byteCount: 3) == last)
        let text = part[508..<510].text(.hex)
        #expect(part.text(.hex, in: 508..<510) == text)
        #expect(SharedBuffer(rebasing: part[504..<506]).startIndex == 0)
        #expect(SharedBuffer(rebasing: part[504..<506]) == part[504..<506])
        let (same, other) = ([part[502], part[503]], [part[502], part[502]])
        let places = [part.firstDifference(from: same.span, at: 502), part.firstDifference(from: other.span, at: 502)]
        #expect(places == [nil, 1])
    }

    /// The standard library's requirements for every collection that is its own subsequence.
    @Test func theLawsOfCollectionsHold() {
        let part = whole[100..<200]
        #expect(part.count == part.distance(from: part.startIndex, to: part.endIndex))
        #expect(Array(part.indices) == Array(100..<200))
        #expect(part.index(after: part.startIndex) == 101 && part.index(before: part.endIndex) == 199)
        #expect(part.elementsEqual(part.indices.map { part[$0] }))
        #expect(part.prefix(10).endIndex == 110 && part.dropFirst(10).startIndex == 110)
        #expect(part.suffix(5).startIndex == 195)
        for index in part.indices {
            #expect(part[part.startIndex..<index].endIndex == index)
            #expect(part[index...].first == part[index])
            let found = part.firstIndex(of: part[index])
            #expect(found.map { part[$0] } == part[index])
        }
        #expect(part[150..<150].isEmpty && part[150..<150].startIndex == 150)
        #expect(part.split(separator: part[150]).map(\.startIndex) == [100, 151])
    }
}
