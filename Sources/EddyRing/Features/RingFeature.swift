/// An optional feature: one that Eddy uses if available, and does not require. Each can be disabled by its name in
/// `EDDY_DISABLE`.
public enum RingFeature: String, Sendable, CaseIterable, CustomStringConvertible {
    /// Completions are posted on the loop's own thread, only within `enter` (6.1).
    case deferredTaskWork = "defer-taskrun"
    /// A receive continues until the end of its stream (6.0).
    case multishotReceives = "multishot-receive"
    /// Receives fill a provided buffer incrementally (6.12).
    case incrementalBuffers = "incremental-buffers"
    /// A multishot receive can be given a limit in bytes (6.17).
    case receiveLimits = "receive-credit"
    /// A non-blocking send reports the number of bytes sent, and posts no completion if it sent everything (5.19).
    case inlineSends = "inline-sends"
    /// Deadlines are absolute, so that setting one requires no clock read (6.12).
    case absoluteDeadlines = "absolute-deadlines"
    /// Memory is pinned once instead of for each operation (5.19, and sufficient locked memory).
    case fixedBuffers = "fixed-buffers"
    /// Sends without copying. A notification reports when the memory is free, and whether the bytes were copied after
    /// all (sends: 6.0, of several pieces: 6.1, with that report: 6.2).
    case zeroCopySends = "zero-copy-sends"

    public var description: String { rawValue }

    /// The kernel release that introduced the feature: major and minor number.
    public var kernel: (major: Int, minor: Int) {
        switch self {
        case .deferredTaskWork: (6, 1)
        case .multishotReceives: (6, 0)
        case .zeroCopySends: (6, 2)
        case .incrementalBuffers, .absoluteDeadlines: (6, 12)
        case .receiveLimits: (6, 17)
        case .inlineSends, .fixedBuffers: (5, 19)
        }
    }
}
