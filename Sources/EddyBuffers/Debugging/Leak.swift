internal import Glibc

/// A buffer that has not been dropped: it is still held, or was lost.
public struct Leak: Sendable, CustomStringConvertible {
    /// Bytes of the buffer, or of the slices of a chunk.
    public var byteCount: Int
    /// How long it has been held; for received slices, how long ago the kernel got their chunk.
    public var age: Duration
    /// Where it was allocated, innermost call first: one place, or the whole stack with ``LeakDetection/stacks``.
    public var places: [String]

    public var description: String {
        "a buffer of \(byteCount) bytes has been held for \(age), from:\n"
            + places.map { "    \($0)" }.joined(separator: "\n")
    }

    static let print: @Sendable (Leak) -> Void = { leak in
        var line = "eddy: leak: \(leak)\n"
        line.withUTF8 { line in unsafe _ = write(STDERR_FILENO, line.baseAddress, line.count) }
    }
}
