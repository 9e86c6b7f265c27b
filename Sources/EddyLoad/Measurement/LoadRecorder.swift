internal import Synchronization

/// The counts of one loop's connections within the window.
///
/// The loop writes and other threads read, so a lock guards the counts. It is taken once per read and is almost never
/// contended.
final class LoadRecorder: Sendable {
    private let counts = Mutex(LoadCounts())

    func update(_ change: (inout LoadCounts) -> Void) {
        counts.withLock { change(&$0) }
    }

    var current: LoadCounts { counts.withLock { $0 } }
}
