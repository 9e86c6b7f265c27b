import Testing

@testable import EddyLoad

/// The stream that a connection sends.
@Suite("load: byte pattern")
struct BytePatternTests {
    @Test("Pieces fit together, however the stream is cut", arguments: [1, 64, 1000, BytePattern.longestPiece])
    func cutting(length: Int) {
        let pattern = BytePattern()
        // Two periods, from a position of its own.
        let start = BytePattern.start(ofConnection: 3)
        for position in stride(from: start, to: start + 140_000, by: length) {
            let piece = pattern.piece(at: position, byteCount: length)
            #expect(piece.count == length)
            let middle = length / 2
            let rest = pattern.piece(at: position + UInt64(middle), byteCount: length - middle)
            #expect(piece[middle] == rest[0])
            #expect(piece[length - 1] == rest[length - middle - 1])
        }
    }

    @Test("A stream shifted by a byte or by a message differs", arguments: [1, 64, 4096, 16384])
    func shifted(by distance: Int) {
        let pattern = BytePattern()
        let (here, there) = (pattern.piece(at: 0, byteCount: 64), pattern.piece(at: UInt64(distance), byteCount: 64))
        #expect(here.indices.contains { here[$0] != there[$0] })
    }

    @Test("Positions near the maximum are valid")
    func farPositions() {
        let piece = BytePattern().piece(at: .max - 10, byteCount: 100)
        #expect(piece.count == 100)
    }
}
