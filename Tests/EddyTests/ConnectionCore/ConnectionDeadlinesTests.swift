import EddySystem
import EddyTestSupport
import Testing

@testable import Eddy

/// The stamps and what they say, without a clock.
@Suite("connection core: deadlines")
struct ConnectionDeadlinesTests {
    @Test("Without timeouts nothing is ever due, and no timer is needed")
    func none() {
        let deadlines = ConnectionDeadlines()
        #expect(!deadlines.limitsReads && !deadlines.watchesSends)
        for now in [.distantPast, 1, Instant(nanoseconds: .max / 2)] {
            #expect(deadlines.expiry(at: now, isReading: true) == .none)
            #expect(deadlines.nextCheck(at: now, isReading: true, isSending: true) == .distantFuture)
        }
    }

    @Test("Each timeout is due at its end and not before", arguments: ConnectionDeadlines.Expiry.allCases)
    func expiry(kind: ConnectionDeadlines.Expiry) {
        var deadlines = ConnectionDeadlines()
        switch kind {
        case .write: deadlines.writeTimeout = 100
        case .relay: deadlines.relayTimeout = 100
        case .idle: deadlines.idleTimeout = 100
        case .read: deadlines.readTimeout = 100
        case .none: break
        }
        deadlines.restart(at: 1000)
        #expect(deadlines.expiry(at: 1099, isReading: true) == .none)
        #expect(deadlines.expiry(at: 1100, isReading: true) == kind)
        if kind == .read { #expect(deadlines.expiry(at: 1100, isReading: false) == .none) }
    }

    @Test("A read deadline holds within a read timeout")
    func readDeadline() {
        var deadlines = ConnectionDeadlines()
        deadlines.readTimeout = 100
        deadlines.readDeadline = 1050
        #expect(deadlines.limitsReads)
        #expect(deadlines.startedReading(at: 1000) == 1050)
        #expect(deadlines.expiry(at: 1049, isReading: true) == .none)
        #expect(deadlines.expiry(at: 1050, isReading: true) == .read)
        deadlines.due = 1050
        #expect(deadlines.startedReading(at: 1001) == nil)
    }

    @Test("While something is queued, the peer is looked at four times in the shortest timeout")
    func looks() {
        var deadlines = ConnectionDeadlines()
        deadlines.writeTimeout = 400
        deadlines.idleTimeout = 800
        deadlines.restart(at: 0)
        #expect(deadlines.startedSending(at: 0) == 100)
        #expect(deadlines.nextCheck(at: 0, isReading: false, isSending: true) == 100)
        #expect(deadlines.nextCheck(at: 0, isReading: false, isSending: false) == 800)
        deadlines.due = 50
        #expect(deadlines.startedSending(at: 10) == nil)
    }

    @Test("Progress of the peer postpones its timeouts, and no news does not")
    func progress() {
        var deadlines = ConnectionDeadlines()
        deadlines.writeTimeout = 100
        deadlines.madeProgress(7, at: 50)
        #expect(deadlines.expiry(at: 149, isReading: false) == .none)
        deadlines.madeProgress(7, at: 149)
        #expect(deadlines.expiry(at: 150, isReading: false) == .write)
        deadlines.nothingQueued(at: 150)
        #expect(deadlines.expiry(at: 249, isReading: false) == .none)
    }

    @Test("Lack of memory counts against no peer")
    func memory() {
        var deadlines = ConnectionDeadlines()
        (deadlines.readTimeout, deadlines.idleTimeout) = (100, 100)
        deadlines.lackedMemory(at: 99)
        #expect(deadlines.expiry(at: 198, isReading: true) == .none)
        #expect(deadlines.expiry(at: 199, isReading: true) == .idle)
    }

    @Test("The end of time is not passed")
    func overflow() {
        var deadlines = ConnectionDeadlines()
        deadlines.idleTimeout = .max - 1
        deadlines.restart(at: 1000)
        #expect(deadlines.nextCheck(at: 1000, isReading: false, isSending: false) == .distantFuture)
        #expect(deadlines.expiry(at: Instant(nanoseconds: .max - 1), isReading: false) == .none)
    }
}
