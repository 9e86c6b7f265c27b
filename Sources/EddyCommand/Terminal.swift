internal import Glibc

/// Where the command prints.
enum Terminal {
    /// Prints a line at once: whoever reads a pipe waits for it.
    static func printLine(_ line: String) {
        print(line)
        _ = fflush(nil)
    }

    static func printError(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        unsafe _ = bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Whether a person watches standard error: progress is shown to persons only.
    static var isWatched: Bool { isatty(STDERR_FILENO) == 1 }

    /// Replaces the line that is being shown on standard error; an empty one clears it.
    static func showProgress(_ line: String) {
        let bytes = Array("\r\u{1B}[K\(line)".utf8)
        unsafe _ = bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
