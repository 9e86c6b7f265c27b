internal import CEddyCommand

/// The arguments that the command was started with.
enum ProcessArguments {
    /// All but the command's name.
    ///
    /// `CommandLine` reads /proc/self/cmdline. Where /proc is not mounted it has no arguments, or ends the process.
    static var all: [String] {
        guard let values = unsafe eddy_arguments() else { return [] }
        return (1..<max(1, Int(eddy_argument_count()))).compactMap { place in
            unsafe values[place].map { unsafe String(cString: $0) }
        }
    }
}
