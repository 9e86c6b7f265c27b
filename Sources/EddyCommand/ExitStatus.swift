import ArgumentParser
import Eddy
internal import Glibc

/// How the process ends after an error, and what it says.
enum ExitStatus {
    /// Help or the version was asked for: printed on standard output.
    case done(String)
    /// The command could not do its work.
    case failure(String)
    /// The arguments were wrong.
    case usage(String)
    /// The command has said everything itself.
    case code(Int32)

    init(of error: any Error) {
        switch error {
        case let failure as CommandFailure:
            self = .failure(failure.description)
        case let code as ExitCode:
            self = .code(code.rawValue)
        case let error where EddyCommand.exitCode(for: error) == .success:
            self = .done(EddyCommand.fullMessage(for: error))
        default:
            self = .usage(EddyCommand.message(for: error))
        }
    }

    func end() -> Never {
        switch self {
        case .done(let text):
            print(text)
            exit(0)
        case .failure(let text):
            Terminal.printError("eddy: \(text)")
            exit(1)
        case .usage(let text):
            // One line, with a way out for those whose message names none.
            let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
            Terminal.printError("eddy: " + (line.contains("; ") ? line : "\(line); run 'eddy --help' to see the usage"))
            exit(2)
        case .code(let code):
            exit(code)
        }
    }
}

/// A command could not do its work: what went wrong and what to do about it.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
