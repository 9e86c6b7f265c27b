import Glibc

func printToStandardError(_ text: String) { write(text, to: 2) }

/// Unbuffered, so that a crash does not lose the line.
func printLine(_ line: String) { write(line + "\n", to: 1) }

private func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { unsafe _ = write(descriptor, $0.baseAddress, $0.count) }
}

func exitProcess() -> Never { exit(1) }
