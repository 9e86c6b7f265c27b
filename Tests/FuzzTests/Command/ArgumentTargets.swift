import Eddy
import Testing

@testable import EddyCommand

extension FuzzTests {
    @Suite("arguments")
    struct ArgumentTargets {
        @Test("A duration is a decimal number and a unit")
        func durations() async {
            let corpus = [
                "500us", "10ms", "1.5s", "1m", "1h", "0s", ".5s", "5.s", ".s", "s", "1", "1 s", "1S", "-1s", "1e3s",
                "nans", "1.2.3s",
                "277777h", "277778h", "1\u{B5}s", "\u{661}s", "1s\u{301}",
            ]
            await fuzz("duration", corpus: corpus, dictionary: ["us", "ms", "s", "m", "h", ".", "1e"]) { fuzzCase in
                let text = fuzzCase.text
                // ASCII only: \d of a Regex matches the digits of every script.
                let match = text.wholeMatch(of: /([0-9]+\.?[0-9]*|\.[0-9]+)(us|ms|s|m|h)/)
                let seconds = match.map { match in
                    Double(match.1)! * ["us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600][String(match.2)]!
                }
                let duration = try? Duration.argument(text)
                if let seconds, seconds < 0.999e9 {
                    let distance = abs((duration ?? .seconds(-1)) / .seconds(1) - seconds)
                    try require(distance <= 1e-9 + seconds * 1e-9, "is \(duration as Any), not \(seconds) s")
                } else if seconds == nil || seconds! > 1.001e9 {
                    try require(duration == nil, "is \(duration as Any)")
                }
            }
        }

        @Test("A number is digits with an optional k or m, within its range")
        func numbers() async {
            let corpus = [
                "1", "64", "16k", "16K", "1m", "1M", "0", "-1", "+1", "k", "", "1kk", "1 k", "1\u{212A}", "\u{661}",
                "1\u{301}", "1e3",
                "9223372036854775807", "9223372036854775807k", "9223372036854775808", "00000000001",
            ]
            await fuzz("number", corpus: corpus, dictionary: ["k", "m", "K", "M"]) { fuzzCase in
                let text = fuzzCase.text
                let match = text.wholeMatch(of: /([0-9]+)([kKmM]?)/)
                for (unit, read) in [(1000, Int.count(upTo: 1 << 40)), (1024, Int.byteCount(upTo: 1 << 40))] {
                    let expected = match.flatMap { match -> Int? in
                        let factor = ["": 1, "k": unit, "m": unit * unit][match.2.lowercased()]!
                        guard let number = Int(match.1) else { return nil }
                        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
                        return overflow || product < 1 || product > 1 << 40 ? nil : product
                    }
                    let number = try? read(text)
                    try require(number == expected, "is \(number as Any), not \(expected as Any)")
                }
            }
        }

        @Test("A listen target is a descriptor's number, systemd's name, or an address")
        func listenTargets() async {
            let corpus = [
                "fd:3", "fd:0", "fd:-1", "fd:+3", "fd:-0", "fd:", "fd: 3", "fd:2147483648", "fd:\u{661}", "systemd:",
                "systemd:http",
                "systemd:\u{301}", "127.0.0.1:7000", "[::1]:0", "*:0", "unix:/run/x", "unix:\u{301}", "nonsense",
            ]
            await fuzz("listen", corpus: corpus, dictionary: ["fd:", "systemd:", "unix:", "3"]) { fuzzCase in
                let text = fuzzCase.text
                // A name would be resolved, which a test must not do.
                if let endpoint = try? Endpoint(text), endpoint.address == nil { return }
                let target = try? ListenTarget.argument(text)
                let bytes = Array(text.utf8)
                if bytes.starts(with: "fd:".utf8) {
                    let number = bytes.dropFirst(3)
                    let isNumber = !number.isEmpty && number.allSatisfy { (0x30...0x39).contains($0) }
                    let value = isNumber ? Int32(String(decoding: number, as: UTF8.self)) : nil
                    try require(target == value.map { .descriptor($0) }, "is \(target as Any)")
                } else if bytes.starts(with: "systemd:".utf8) {
                    let name = String(decoding: bytes.dropFirst(8), as: UTF8.self)
                    try require(target == .systemd(name: name.isEmpty ? nil : name), "is \(target as Any)")
                } else {
                    try require(target == (try? SocketAddress(text)).map { .address($0) }, "is \(target as Any)")
                }
            }
        }

        @Test("A load target is tcp:// and an endpoint, or a path")
        func loadTargets() async {
            let corpus = [
                "tcp://127.0.0.1:7000", "tcp://[::1]:1", "tcp://localhost:1", "unix:/run/x", "unix:@x", "tcp://",
                "tcp:/x:1", "http://x:1",
                "127.0.0.1:7000", "tcp://unix:/x", "tcp://\u{301}x:1", "unix:\u{301}x",
                "tcp://:7000", "tcp://*:7000", "tcp://fd:3", "tcp://systemd:http",
            ]
            await fuzz("load", corpus: corpus, dictionary: ["tcp://", "unix:"]) { fuzzCase in
                let text = fuzzCase.text
                let target = try? LoadTarget.argument(text)
                let bytes = Array(text.utf8)
                let rest = bytes.starts(with: "tcp://".utf8) ? String(decoding: bytes.dropFirst(6), as: UTF8.self) : nil
                let endpointText = bytes.starts(with: "unix:".utf8) ? text : rest
                // What only a server can listen on is no target.
                let isForListening = ["*:", ":", "fd:", "systemd:"].contains { prefix in
                    endpointText?.utf8.starts(with: prefix.utf8) ?? false
                }
                let endpoint = isForListening ? nil : endpointText.flatMap { try? Endpoint($0) }
                try require(target?.endpoint == endpoint, "is \(target as Any), not \(endpoint as Any)")
                try require(target == nil || target?.text == text, "is called \(target?.text ?? "")")
            }
        }
    }
}
