import Glibc

/// What the calls of a simulated socket return when there is nothing to say yet.
enum SocketResult {
    static let again = -EAGAIN
    static let notConnected = -ENOTCONN
}

func printToStandardError(_ text: String) { write(text, to: 2) }

/// Not buffered: a crash must not swallow it.
func printLine(_ line: String) { write(line + "\n", to: 1) }

private func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { unsafe _ = write(descriptor, $0.baseAddress, $0.count) }
}

func exitProcess() -> Never { exit(1) }
