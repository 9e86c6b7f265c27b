import Foundation
import Synchronization

/// A client that does not use Eddy: a Python script in `Clients`, which reads one command per line from its standard
/// input and answers each with one line of results.
final class Client: Sendable {
    let command: RunningCommand
    private let answers: Mutex<Int>

    /// - Parameter said: The number of lines that the script has written before its first answer, and that have been
    ///   read.
    init(_ command: RunningCommand, said: Int = 0) {
        self.command = command
        answers = Mutex(said)
    }

    static func start(_ script: String, _ arguments: String...) throws -> Client {
        try Client(RunningCommand(line(script, arguments)))
    }

    /// Runs a script to its end, and returns its only answer.
    static func run<Answer: Decodable>(_ script: String, _ arguments: String...) async throws -> Answer {
        let client = try Client(RunningCommand(line(script, arguments)))
        return try await client.answer()
    }

    /// The command line that runs a script. `-B` keeps Python from writing into the build folder.
    static func line(_ script: String, _ arguments: [String]) -> [String] {
        let folder = Bundle.module.bundleURL.appendingPathComponent("Clients")
        return ["python3", "-B", folder.appendingPathComponent(script).path] + arguments
    }

    func ask<Answer: Decodable>(_ question: String) async throws -> Answer {
        command.write(question)
        return try await answer()
    }

    /// Reads the next answer.
    func answer<Answer: Decodable>() async throws -> Answer {
        let place = answers.withLock { answers in
            defer { answers += 1 }
            return answers
        }
        guard let line = try await command.output.line(from: place) else {
            throw ClientFailure(errors: try await command.errors.all())
        }
        return try JSONDecoder().decode(Answer.self, from: Data(line.utf8))
    }
}

/// The answer to a command that returns no result.
struct Done: Decodable {
    let done: Bool
}

/// A client that ended without an answer, and its standard error.
struct ClientFailure: Error {
    let errors: [String]
}
