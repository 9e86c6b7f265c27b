internal import ArgumentParser
internal import CEddyCommand

/// The arguments that the command was started with.
enum ProcessArguments {
    /// All arguments but the command's name.
    ///
    /// `CommandLine` reads /proc/self/cmdline. If /proc is not mounted, it has no arguments, or ends the process. It
    /// also replaces bytes that are not UTF-8, so a path would name another file.
    ///
    /// - Throws: `ValidationError` for an argument that is not UTF-8.
    static func all() throws -> [String] {
        guard let values = unsafe eddy_arguments() else { return [] }
        var arguments: [String] = []
        for place in 1..<max(1, Int(eddy_argument_count())) {
            guard let value = unsafe values[place] else { break }
            guard let argument = unsafe String(validatingCString: value) else {
                let shown = unsafe String(cString: value)
                throw ValidationError("argument \(place), '\(shown)', is not UTF-8; use a path that is")
            }
            arguments.append(argument)
        }
        return arguments
    }
}
