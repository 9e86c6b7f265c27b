import Eddy
import UnixSignals

/// Shuts a server down on SIGTERM or SIGINT: in order on the first signal, at once on the second.
struct SignalledShutdown {
    private let task: Task<Void, Never>

    /// Listens for the signals from now on.
    init(of server: TCPServer, grace: Duration) async {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        task = Task {
            var grace = grace
            for await _ in signals {
                server.shutDown(grace: grace)
                grace = .zero
            }
        }
    }

    func stopListening() {
        task.cancel()
    }
}
