import Eddy

/// The message about the engine when a command starts: none if io_uring runs with everything that Eddy wants.
enum EngineNotice {
    /// Prints on standard error what the loops use instead of io_uring, or run without, why, and what to do.
    @Sendable static func print(_ choice: EngineChoice) {
        if let notice = choice.notice { Terminal.printError("eddy: \(notice)") }
    }
}
