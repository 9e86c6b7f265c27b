import EddyBuffers
import Testing

/// A pool's figures and memory may be used on its own thread only. The compiler lets a pool be sent to another task, so
/// this is checked at run time.
@Suite struct OwnershipTests {
    enum Use: Codable, Sendable, CaseIterable {
        case statistics, trim, leaks

        func perform(on pool: BufferPool) {
            switch self {
            case .statistics: _ = pool.statistics
            case .trim: pool.trim()
            case .leaks: _ = pool.leaks()
            }
        }
    }

    @Test(arguments: Use.allCases)
    func onAnotherThreadAPoolTraps(use: Use) async {
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [use] in
                let pool = Parcel(BufferPool.current)
                onAnotherThread { use.perform(on: pool.take()) }
            }
        )
    }

    /// A new thread may have the identity of the pool's thread: here it is the same thread.
    @Test(arguments: Use.allCases)
    func aClosedPoolTraps(use: Use) async {
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [use] in
                let pool = BufferPool()
                pool.close()
                use.perform(on: pool)
            }
        )
    }

    @Test func itsLimitsAreReadOnAnyThread() {
        let pool = Parcel(BufferPool.current)
        onAnotherThread { #expect(pool.take().configuration.maximumBytes > 0) }
    }

    /// Expects that the check of the pool's owner ended the process.
    private func expectTrap(_ result: ExitTest.Result?, sourceLocation: SourceLocation = #_sourceLocation) {
        let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        let isTrap = errors.contains("Fatal error") && errors.contains("used on the thread that owns it")
        #expect(isTrap, "\(errors)", sourceLocation: sourceLocation)
    }
}
