// Exit tests capture values from Swift 6.3 on.
#if compiler(>=6.3)

import Testing

/// Clients act at random; afterwards the process must be back at its baseline.
///
/// `EDDY_SEED=n` repeats a run: the same clients do the same things, though not in the same interleaving.
/// `EDDY_HEAVY=1` runs for about a minute.
///
/// Each test runs in a process of its own: the other tests open descriptors and take memory all the time.
@Suite("soak", .serialized, .timeLimit(.minutes(15)))
struct SoakTests {
    init() { print("EDDY_SEED=\(Soak.seed)") }

    @Test("One loop ends at baseline")
    func oneLoop() async {
        await #expect(processExitsWith: .success) { [seed = Soak.seed as UInt64] in
            try await Soak(seed: seed, loops: 1).run()
        }
    }

    @Test("Two loops end at baseline")
    func twoLoops() async {
        await #expect(processExitsWith: .success) { [seed = Soak.seed as UInt64] in
            try await Soak(seed: seed, loops: 2).run()
        }
    }

    @Test("Two loops whose memory is scarce end at baseline")
    func scarceMemory() async {
        await #expect(processExitsWith: .success) { [seed = Soak.seed as UInt64] in
            try await Soak(seed: seed, loops: 2, memoryIsScarce: true).run()
        }
    }
}

#endif
