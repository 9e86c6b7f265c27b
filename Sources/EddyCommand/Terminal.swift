internal import Glibc

/// The command's output.
enum Terminal {
    /// Prints a line and flushes it: a program that reads a pipe waits for it.
    static func printLine(_ line: String) {
        _ = write(line + "\n", to: STDOUT_FILENO)
    }

    /// Prints the command's result.
    ///
    /// - Throws: ``CommandFailure`` if the output cannot be written: the pipe is closed, or the disk is full.
    static func printResult(_ text: String) throws {
        guard write(text + "\n", to: STDOUT_FILENO) else {
            throw CommandFailure("cannot write to standard output (\(unsafe String(cString: strerror(errno))))")
        }
    }

    /// Makes sure that standard input, output and error are open, so that no socket gets their numbers, and that
    /// writing to a closed pipe is an error instead of ending the process.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            _ = unsafe open("/dev/null", O_RDWR)
        }
    }

    static func printError(_ line: String) {
        _ = write(line + "\n", to: STDERR_FILENO)
    }

    /// Whether standard error is a terminal: progress is shown only there.
    static var isWatched: Bool { isatty(STDERR_FILENO) == 1 }

    /// Replaces the current line on standard error; an empty one clears it.
    static func showProgress(_ line: String) {
        _ = write("\r\u{1B}[K\(line)", to: STDERR_FILENO)
    }

    /// Writes all of the text; returns false, with the reason in `errno`, on failure.
    private static func write(_ text: String, to descriptor: Int32) -> Bool {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let result = unsafe bytes[sent...].withUnsafeBytes { rest in
                unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
            }
            if result < 0, errno == EINTR { continue }
            guard result > 0 else { return false }
            sent += result
        }
        return true
    }
}
