import Glibc

/// A real file that servers send. Its bytes are a separate pattern.
enum PatternFile {
    static let pattern = BytePattern(key: 1)
    static let byteCount = 300_000

    /// Unlinked, so it disappears with the process.
    static let path: String = {
        let name = "/tmp/eddy-simulator-\(getpid())"
        let descriptor = unsafe open(name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        unsafe _ = unlink(name)
        let bytes = pattern.bytes(0..<byteCount)
        let written = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        precondition(written == byteCount, "the pattern file must be written completely")
        return "/proc/self/fd/\(descriptor)"
    }()
}
