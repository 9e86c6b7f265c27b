internal import Synchronization

/// What one loop's connections have done within the window.
///
/// The loop records and others look on, so a lock guards the counts. It is taken once a read and free nearly always.
final class LoadRecorder: Sendable {
    private let counts = Mutex(LoadCounts())

    func update(_ change: (inout LoadCounts) -> Void) {
        counts.withLock { change(&$0) }
    }

    var current: LoadCounts { counts.withLock { $0 } }
}
