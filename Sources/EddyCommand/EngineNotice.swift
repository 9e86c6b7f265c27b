import Eddy

/// What is said about the engine when a command starts: nothing, unless it is not io_uring at its best.
enum EngineNotice {
    /// Says on standard error what the loops use instead of io_uring, or do without, why, and what to do.
    @Sendable static func print(_ choice: EngineChoice) {
        if let notice = choice.notice { Terminal.printError("eddy: \(notice)") }
    }
}
