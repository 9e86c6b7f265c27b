import Eddy

/// The name of an error's case without its associated values, for counting.
func name(of error: any Error) -> String {
    switch error {
    case let error as ConnectionError: "ConnectionError.\(name(of: error))"
    case let error as ConnectError: "ConnectError.\(name(of: error))"
    default: "\(type(of: error))"
    }
}

private func name(of error: ConnectionError) -> String {
    switch error {
    case .reset: "reset"
    case .timedOut: "timedOut"
    case .closed: "closed"
    case .usedElsewhere: "usedElsewhere"
    case .readTimedOut: "readTimedOut"
    case .writeTimedOut: "writeTimedOut"
    case .idleTimedOut: "idleTimedOut"
    case .writingEnded: "writingEnded"
    case .cancelled: "cancelled"
    case .shutDown: "shutDown"
    case .unexpectedEnd: "unexpectedEnd"
    case .delimiterNotFound: "delimiterNotFound"
    case .frameTooLong: "frameTooLong"
    case .outOfMemory: "outOfMemory"
    case .tooMuchKept: "tooMuchKept"
    case .file: "file"
    case .fileTooShort: "fileTooShort"
    case .option: "option"
    case .system: "system"
    }
}

private func name(of error: ConnectError) -> String {
    switch error {
    case .address: "address"
    case .refused: "refused"
    case .unreachable: "unreachable"
    case .timedOut: "timedOut"
    case .tooManyOpenFiles: "tooManyOpenFiles"
    case .failed: "failed"
    case .toItself: "toItself"
    case .tooManyConnections: "tooManyConnections"
    case .cancelled: "cancelled"
    case .shutDown: "shutDown"
    }
}

/// Errors that a long run must provoke. Name lookups, files that cannot be sent, and delimiters are not simulated.
let errorsToMeet = [
    "ConnectionError.reset", "ConnectionError.timedOut", "ConnectionError.readTimedOut",
    "ConnectionError.writeTimedOut",
    "ConnectionError.idleTimedOut", "ConnectionError.cancelled", "ConnectionError.shutDown",
    "ConnectionError.unexpectedEnd", "ConnectionError.frameTooLong", "ConnectionError.system",
    "ConnectError.refused", "ConnectError.unreachable", "ConnectError.timedOut", "ConnectError.tooManyOpenFiles",
    "ConnectError.cancelled", "ConnectError.tooManyConnections",
]
