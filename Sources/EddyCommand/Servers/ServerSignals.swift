import Eddy
internal import Glibc
import UnixSignals

/// What signals do to servers. SIGTERM and SIGINT shut them down: gracefully the first time, immediately the second
/// time. SIGUSR1 prints their figures. SIGHUP, which by default ends a process when its terminal closes, does nothing.
struct ServerSignals {
    private let task: Task<Void, Never>

    /// Handles the signals from now on.
    init(of servers: [TCPServer], grace: Duration, printFigures: @escaping @Sendable () async -> Void) async {
        signal(SIGHUP, SIG_IGN)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sigusr1)
        task = Task(executorPreference: MainThreadExecutor.shared) {
            var grace = grace
            for await signal in signals {
                if signal == .sigusr1 {
                    await printFigures()
                    continue
                }
                for server in servers { server.shutDown(grace: grace) }
                grace = .zero
            }
        }
    }

    func stopListening() {
        task.cancel()
    }
}
