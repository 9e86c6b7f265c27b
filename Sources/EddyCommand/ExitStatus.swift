import ArgumentParser
import Eddy
internal import Glibc

/// The exit status after an error, and the message.
enum ExitStatus {
    /// Help or the version was requested: printed on standard output.
    case done(String)
    /// The command could not do its work.
    case failure(String)
    /// The arguments were wrong.
    case usage(String)
    /// The command has already printed its messages.
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
            // One line, which ends with the way to the usage if the message suggests no fix.
            let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
            Terminal.printError("eddy: " + (line.contains("; ") ? line : "\(line); run 'eddy --help' to see the usage"))
            exit(2)
        case .code(let code):
            exit(code)
        }
    }
}

/// A command failed: what went wrong and how to fix it.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
