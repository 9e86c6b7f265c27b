import Testing

@testable import EddyRing

extension FuzzTests {
    @Suite("environment of rings")
    struct EnvironmentTarget {
        private static let tiers = ["tier-6.1", "tier-5.19"]

        @Test("EDDY_DISABLE accepts known names, and reports every other one")
        func disable() async {
            let names = RingFeature.allCases.map(\.rawValue) + Self.tiers
            let corpus =
                names + [
                    "", ",", " ", "defer-taskrun,inline-sends", " tier-6.1 , fixed-buffers ,",
                    "inline-sends fixed-buffers",
                    "everything", "TIER-6.1",
                ]
            await fuzz("EDDY_DISABLE", corpus: corpus, dictionary: names + [",", " ", "\t"]) { fuzzCase in
                let text = fuzzCase.text
                let given = text.unicodeScalars.split(separator: ",").map { part in
                    let front = part.drop { $0 == " " }.reversed()
                    return String(String.UnicodeScalarView(front.drop { $0 == " " }.reversed()))
                }.filter { !$0.isEmpty }
                let isKnown = given.allSatisfy { names.contains($0) }
                do {
                    let disabled = try RingEnvironment(engine: nil, disable: text).disabled
                    try require(isKnown, "is taken as \(disabled)")
                    let features = RingFeature.allCases.filter { given.contains($0.rawValue) }
                    try require(disabled.isSuperset(of: features), "leaves out some of \(features)")
                    let hasTier = given.contains { Self.tiers.contains($0) }
                    try require(hasTier || disabled.count == features.count, "turns off \(disabled)")
                } catch let error as RingError {
                    try require(!isKnown, "is refused: \(error)")
                }
            }
        }

        @Test("EDDY_ENGINE is empty or the name of an engine")
        func engine() async {
            await fuzz("EDDY_ENGINE", corpus: ["", "uring", "epoll", "URING", "kqueue", " uring"]) { fuzzCase in
                let text = fuzzCase.text
                let expected = EngineKind.allCases.first { $0.rawValue == text }
                do {
                    let engine = try RingEnvironment(engine: text, disable: nil).engine
                    try require(engine == expected && (expected != nil || text.isEmpty), "is taken as \(engine as Any)")
                } catch let error as RingError {
                    try require(expected == nil && !text.isEmpty, "is refused: \(error)")
                }
            }
        }
    }
}
