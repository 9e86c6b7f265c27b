import EddyRing
import EddySystem
import EddyTestSupport
import Glibc
import Synchronization
import Testing

/// How rings interact with signals, threads and descriptors. See also `EnterContractTests`.
@Suite("ring", .timeLimit(.minutes(5)))
struct RingTests {
    @Test("A signal ends the wait without an error", arguments: EngineKind.tested)
    func interrupted(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        signal(SIGUSR2) { _ in }
        // The threads that run tests block signals.
        var (set, before) = (sigset_t(), sigset_t())
        sigemptyset(&set)
        sigaddset(&set, SIGUSR2)
        pthread_sigmask(SIG_UNBLOCK, &set, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let waiting = pthread_self()
        let isOver = Atomic(false)
        let helper = Background {
            // More than one signal, since the first may come before the wait.
            while !isOver.load(ordering: .relaxed) {
                usleep(5000)
                pthread_kill(waiting, SIGUSR2)
            }
        }
        let deadline = MonotonicClock.now.advanced(by: .seconds(30))
        try ring.enter(waitFor: 1, deadline: deadline)
        #expect(ring.nextCompletion() == nil)
        #expect(MonotonicClock.now < deadline)
        isOver.store(true, ordering: .relaxed)
        helper.join()
    }

    @Test("Many rings work on one thread, consecutively and at the same time", arguments: EngineKind.tested)
    func manyRings(engine: EngineKind) throws {
        for _ in 0..<50 { _ = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8) }
        // More than a thread may register.
        let rings = try (0..<20).map { _ in try Ring(engine: engine, submissionEntries: 4, completionEntries: 8) }
        for ring in rings {
            try ring.submit(.receiveOnce(descriptor: -1, group: 0, token: token(1)))
            #expect(try ring.completions(1).count == 1)
        }
    }

    @Test("Dropping a ring on another thread leaves that thread's own ring alone", arguments: EngineKind.tested)
    func droppedElsewhere(engine: EngineKind) throws {
        let carried = Carried(try Ring(engine: engine, submissionEntries: 4, completionEntries: 8))
        let works = Background {
            // As many as a thread may register, so that one has the number of the dropped ring.
            let rings = (0..<16).compactMap { _ in
                try? Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
            }
            carried.ring.release()
            return rings.count == 16 && rings.allSatisfy { (try? $0.enter(waitFor: 0, deadline: nil)) != nil }
        }
        #expect(works.join() == true)
    }

    @Test("Creating a ring without descriptors fails with that reason", arguments: EngineKind.tested)
    func noDescriptors(engine: EngineKind) async {
        await #expect(processExitsWith: .success) { [engine] in
            let error = withoutDescriptors { () -> RingError? in
                do throws(RingError) { _ = try Ring(engine: engine) } catch { return error }
                return nil
            }
            exit(error == .tooManyOpenFiles ? 0 : 1)
        }
    }
}

/// Carries a ring to another thread, which drops it.
private struct Carried: @unchecked Sendable {
    let ring: Unmanaged<Ring>

    init(_ ring: consuming Ring) { self.ring = .passRetained(ring) }
}
