import Testing

@testable import Eddy

extension FuzzTests {
    @Suite("socket activation")
    struct SocketActivationTarget {
        @Test("systemd's environment gives the announced number of descriptors from 3 on, or a clear error")
        func environment() async {
            let corpus = [
                "4711|2|http:admin", "4711|1|", "4711|0|", "4711|2|http", "4711|3|a::b", "|1|a", "4712|1|a", "4711||a",
                "4711|-1|a", "4711|+1|a", "4711|1025|a", "4711|99999999999|a", "4711|1|a:b:c", "4711|2|a:a",
                " 4711|1|a", "4711|01|a",
            ]
            await fuzz("LISTEN_FDS", corpus: corpus, dictionary: ["|", ":", "4711", "1024"]) { fuzzCase in
                let parts = fuzzCase.text.split(separator: "|", maxSplits: 2, omittingEmptySubsequences: false)
                var environment: [String: String] = [:]
                for (variable, value) in zip(["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"], parts) {
                    environment[variable] = String(value)
                }
                let count = environment["LISTEN_FDS"].flatMap { Self.number($0) }
                let isGood = Self.number(environment["LISTEN_PID"] ?? "") == 4711 && (1...1024).contains(count ?? 0)
                do {
                    let activation = try SocketActivation(process: 4711, environment: { environment[$0] })
                    try require(isGood, "is taken as \(activation.names)")
                    try require(activation.names.count == count, "gives \(activation.names)")
                    for name in activation.names {
                        let descriptors = try activation.descriptors(named: name)
                        let ofName = activation.names.count { $0 == name }
                        try require(descriptors.count == ofName, "'\(name)' is \(descriptors)")
                        let areGiven = descriptors.allSatisfy { (3..<(3 + Int32(count!))).contains($0) }
                        try require(areGiven, "'\(name)' is \(descriptors)")
                    }
                    let only = try? activation.descriptor(named: nil)
                    try require((only != nil) == (count == 1), "the only one is \(only as Any)")
                } catch let error as InheritedSocketError {
                    try require(!isGood, "is refused: \(error)")
                    try require(!error.description.isEmpty, "no message")
                }
            }
        }

        /// Digits only: systemd writes nothing else.
        private static func number(_ text: String) -> Int? {
            guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            return Int(text)
        }
    }
}
