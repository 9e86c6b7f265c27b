internal import Dispatch
internal import Glibc
internal import Synchronization

/// Ends a command early on SIGINT or SIGTERM: gracefully on the first signal, immediately on the second.
///
/// A dispatch queue handles the signals, not a task: the second one also ends a process whose tasks are blocked by a
/// full pipe.
struct Interruption {
    /// Retained, since a source that is released is cancelled.
    private let sources: [any DispatchSourceSignal]
    private let first = FirstSignal()

    /// - Parameter onFirst: called once, on no particular thread.
    init(_ onFirst: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "eddy.interruption")
        let first = first
        sources = [SIGINT, SIGTERM].map { signal in
            let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
            source.setEventHandler {
                guard first.isFirst(signal) else { _exit(Self.exitCode(of: signal)) }
                onFirst()
            }
            source.activate()
            return source
        }
    }

    /// The exit code of a command that a signal has interrupted; nil if there was no signal.
    var exitCode: Int32? { first.signal.map(Self.exitCode) }

    /// As shells report it.
    private static func exitCode(of signal: Int32) -> Int32 { 128 + signal }
}

/// The first signal received. Any thread.
private final class FirstSignal: Sendable {
    private let first = Mutex<Int32?>(nil)

    var signal: Int32? { first.withLock { $0 } }

    /// Whether this is the first signal.
    func isFirst(_ signal: Int32) -> Bool {
        first.withLock { first in
            guard first == nil else { return false }
            first = signal
            return true
        }
    }
}
