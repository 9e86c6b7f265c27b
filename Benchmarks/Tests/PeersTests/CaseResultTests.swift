import Testing

@testable import peers

struct CaseResultTests {
    private func peer(_ name: String, isReference: Bool = false) -> Peer {
        var peer = Peer(name, name) { _ in [] }
        peer.isReference = isReference
        return peer
    }

    private func result(_ peer: Peer, processor: [Double]) -> PeerResult {
        PeerResult(of: peer, in: .fiftySmall, samples: processor.map(Sample.init(processorUs:)))
    }

    @Test func theMedianRoundCounts() {
        let result = result(peer("eddy"), processor: [5, 50, 4])
        #expect(result.processorUs == 5)
        #expect(result.processorSpread == 9)
    }

    @Test func theReferenceIsTheOneThatTookLeast() {
        let results = [
            result(peer("eddy"), processor: [1]),
            result(peer("a", isReference: true), processor: [3]),
            result(peer("b", isReference: true), processor: [2]),
        ]
        let found = CaseResult(.fiftySmall, results: results)
        #expect(found.reference == "b")
        #expect(found.table.rows.map { $0.last ?? "" } == ["0.50", "1.50", "1.00"])
        #expect(CaseResult(.fiftySmall, results: [results[0]]).reference == nil)
    }
}

extension Sample {
    fileprivate init(processorUs: Double) {
        self.init(requestsPerSecond: 1, p50Us: 1, p99Us: 1, processorUs: processorUs, disturbance: 0)
    }
}
