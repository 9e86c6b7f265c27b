internal import Glibc

/// Writes text to standard error with one unbuffered write.
@usableFromInline
func writeToStandardError(_ text: String) {
    let bytes = Array(text.utf8)
    unsafe _ = bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
