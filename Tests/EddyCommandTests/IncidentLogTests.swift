import Eddy
import Synchronization
import Testing

@testable import EddyCommand

/// The messages of a server on standard error, and how often they are printed.
@Suite("command: incident log")
struct IncidentLogTests {
    /// A log whose clock stands still until a test advances it, and whose lines the test reads.
    private final class TestedLog: Sendable {
        private let time = Mutex(Instant(nanoseconds: 1_000_000_000))
        private let printed = Mutex<[String]>([])

        var lines: [String] { printed.withLock { $0 } }

        func advance(seconds: Int) { time.withLock { $0 = $0.advanced(by: .seconds(seconds)) } }

        func make() -> IncidentLog {
            IncidentLog(
                now: { self.time.withLock { $0 } },
                print: { line in self.printed.withLock { $0.append(line) } }
            )
        }
    }

    private let peer = SocketAddress.loopback(port: 4711)
    private let upstream = SocketAddress.loopback(port: 80)

    private var refused: ConnectError {
        .refused(Endpoint(upstream), [ConnectAttempt(upstream, .connectionRefused)])
    }

    @Test("A failed relay prints one line with the client, the upstream and the reason")
    func relay() {
        let tested = TestedLog()
        tested.make().note(.handlerFailed(refused, peer: peer))
        #expect(
            tested.lines == [
                "eddy: cannot relay 127.0.0.1:4711: cannot connect to 127.0.0.1:80: connection refused (ECONNREFUSED); "
                    + "check that a server listens there"
            ]
        )
    }

    @Test("A failed relay of a client that has left still names the upstream")
    func clientHasLeft() {
        let tested = TestedLog()
        tested.make().note(.handlerFailed(refused, peer: nil))
        #expect(
            tested.lines.first?.hasPrefix("eddy: cannot relay a disconnected client: cannot connect to 127.") == true
        )
    }

    @Test("Incidents of one kind within ten seconds print one line, and the next line counts the others")
    func interval() {
        let tested = TestedLog()
        let log = tested.make()
        for _ in 0..<1000 { log.note(.handlerFailed(refused, peer: peer)) }
        tested.advance(seconds: 9)
        log.note(.handlerFailed(refused, peer: peer))
        #expect(tested.lines.count == 1)

        tested.advance(seconds: 1)
        for _ in 0..<5 { log.note(.handlerFailed(refused, peer: peer)) }
        #expect(tested.lines.count == 2)
        #expect(tested.lines.last?.hasSuffix(" (and 1000 more since the last line)") == true)

        tested.advance(seconds: 10)
        log.note(.handlerFailed(refused, peer: peer))
        tested.advance(seconds: 10)
        log.note(.handlerFailed(refused, peer: peer))
        #expect(tested.lines.count == 4)
        #expect(tested.lines[2].hasSuffix(" (and 4 more since the last line)"))
        #expect(tested.lines[3].hasSuffix("check that a server listens there"))
    }

    @Test("Each kind of incident has a line of its own")
    func kinds() {
        let tested = TestedLog()
        let log = tested.make()
        struct Failure: Error {}
        for _ in 0..<3 {
            log.note(.pausedAtLimit(7))
            log.note(.pausedBySystem(.tooManyOpenFiles))
            log.note(.connectionRefused)
            log.note(.handlerFailed(refused, peer: peer))
            log.note(.handlerFailed(Failure(), peer: peer))
        }
        #expect(tested.lines.count == 5)
        #expect(tested.lines.allSatisfy { $0.hasPrefix("eddy: ") && !$0.contains("times more") })
    }

    @Test(
        "Broken client connections and a server's shutdown are not incidents",
        arguments: [ConnectionError.reset, ConnectError.cancelled, ConnectError.shutDown] as [any Error]
    )
    func unremarkable(error: any Error) {
        let tested = TestedLog()
        tested.make().note(.handlerFailed(error, peer: peer))
        #expect(tested.lines == [])
    }
}
