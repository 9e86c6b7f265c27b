import Eddy

/// What is said about the engine when a command starts: nothing, unless the system forbids the best one.
enum EngineNotice {
    /// Says on standard error which engine is used instead of io_uring, why, and what to do.
    ///
    /// - Throws: ``CommandFailure`` when the environment is wrong or the system gives no engine at all.
    static func print() throws {
        let choice: EngineChoice
        do { choice = try EngineChoice.current() } catch { throw CommandFailure("\(error)") }
        if let notice = choice.notice { Terminal.printError("eddy: \(notice)") }
    }
}
