import Eddy
internal import Synchronization

/// Reports a server's incidents on standard error: the first of each kind at once, then at most one line in ten
/// seconds, with the number of incidents that were left out.
final class IncidentLog: Sendable {
    private struct Kind {
        var lastLine: Instant
        var leftOut = 0
    }

    private let kinds = Mutex<[String: Kind]>([:])
    private static let interval = Duration.seconds(10)
    private let now: @Sendable () -> Instant
    private let print: @Sendable (String) -> Void

    /// - Parameters:
    ///   - now: returns the time.
    ///   - print: receives each line.
    init(
        now: @escaping @Sendable () -> Instant = { MonotonicClock.now },
        print: @escaping @Sendable (String) -> Void = { Terminal.printError($0) }
    ) {
        self.now = now
        self.print = print
    }

    private func note(_ kind: String, _ line: @autoclosure () -> String) {
        let now = now()
        let leftOut: Int? = kinds.withLock { kinds in
            if let known = kinds[kind], now < known.lastLine.advanced(by: Self.interval) {
                kinds[kind]?.leftOut += 1
                return nil
            }
            defer { kinds[kind] = Kind(lastLine: now) }
            return kinds[kind]?.leftOut ?? 0
        }
        guard let leftOut else { return }
        print("eddy: \(line())" + (leftOut > 0 ? " (and \(leftOut) more since the last line)" : ""))
    }

    /// Reports an incident of a server, on any thread. A peer that breaks its connection is not an incident.
    func note(_ incident: TCPServer.Incident) {
        switch incident {
        case .pausedAtLimit: note("limit", incident.description)
        case .pausedBySystem: note("system", incident.description)
        case .connectionRefused: note("refused", incident.description)
        case .handlerFailed(is ConnectionError, _), .handlerFailed(ConnectError.cancelled, _),
            .handlerFailed(ConnectError.shutDown, _):
            break
        case .handlerFailed(let error as ConnectError, let peer):
            note("relay", "cannot relay \(peer.map(\.description) ?? "a disconnected client"): \(error)")
        case .handlerFailed: note("handler", incident.description)
        }
    }
}
