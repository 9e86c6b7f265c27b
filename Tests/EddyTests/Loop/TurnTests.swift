import Testing

@testable import Eddy

@Suite("fairness: turns")
struct TurnTests {
    @Test("A turn ends with its messages or with its bytes")
    func ends() {
        var turn = Turn()
        for _ in 0..<Turn.messages { turn.read(byteCount: 1) }
        #expect(!turn.isOver)
        turn.read(byteCount: 1)
        #expect(turn.isOver)
        turn = Turn()
        turn.read(byteCount: UInt32(Turn.bytes))
        #expect(!turn.isOver)
        turn.read(byteCount: 1)
        #expect(turn.isOver)
    }

    @Test("However much one read brings, the turn is over and stays over")
    func largeReads() {
        var turn = Turn()
        for _ in 0..<1000 { turn.read(byteCount: .max) }
        #expect(turn.isOver)
    }
}
