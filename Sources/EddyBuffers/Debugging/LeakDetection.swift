internal import Glibc

/// Which buffers a pool watches until they are dropped. Off costs nothing.
///
/// `EDDY_LEAK=off|sampled|all|stacks` in the environment sets it for all pools that do not say otherwise, in release
/// builds, too.
///
/// Received bytes are watched by the chunk that the kernel put them into, at every level but `off`: as one leak a chunk,
/// without a place in the program, and with an age that counts since the kernel got the chunk.
public enum LeakDetection: String, Sendable, CaseIterable {
    /// None.
    case off
    /// One allocation in 128, with its age and the place in the program that it came from.
    case sampled
    /// Every allocation, with age and place.
    case all
    /// Every allocation, with age and the stack of calls that led to it.
    case stacks

    /// What the environment asks for; off where it says nothing, or nothing that is known.
    public static let ofEnvironment: LeakDetection = {
        guard let value = unsafe getenv("EDDY_LEAK") else { return .off }
        return unsafe LeakDetection(rawValue: String(cString: value)) ?? .off
    }()
}

/// A buffer that was not dropped: it is still held, or has been lost.
public struct Leak: Sendable, CustomStringConvertible {
    /// Bytes of the buffer, or of the slices of a chunk.
    public var byteCount: Int
    /// How long it has been held; of slices that were received, how long ago the kernel got their chunk.
    public var age: Duration
    /// Where it came from, innermost call first: one place, or the whole stack with ``LeakDetection/stacks``.
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
