import ArgumentParser

/// A command that runs event loops.
protocol LoopCommand: AsyncParsableCommand, Sendable {
    /// The number of loops that the command starts.
    var loopCount: Int { get }
}
