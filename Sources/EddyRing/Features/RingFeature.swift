/// What a system may offer beyond what Eddy cannot do without. Each can be turned off by its name in `EDDY_DISABLE`.
public enum RingFeature: String, Sendable, CaseIterable, CustomStringConvertible {
    /// Completions are posted on the loop's own thread, within `enter` alone (6.1).
    case deferredTaskWork = "defer-taskrun"
    /// A receive goes on until its stream ends (6.0).
    case multishotReceives = "multishot-receive"
    /// Receives fill a provided buffer by and by (6.12).
    case incrementalBuffers = "incremental-buffers"
    /// A multishot receive can be given a limit in bytes (6.17).
    case receiveLimits = "receive-credit"
    /// A send that may not wait reports how much it sent, and a whole one posts no completion (5.19).
    case inlineSends = "inline-sends"
    /// A deadline is a moment, so that no clock is read to set one (6.12).
    case absoluteDeadlines = "absolute-deadlines"
    /// Memory is pinned once instead of for each operation (5.19, and enough locked memory).
    case fixedBuffers = "fixed-buffers"
    /// A send leaves its bytes where they are, says when it needs them no more, and whether they were copied after all
    /// (sends: 6.0, of several pieces: 6.1, with that report: 6.2).
    case zeroCopySends = "zero-copy-sends"

    public var description: String { rawValue }

    /// The kernel release that brought it: major and minor number.
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
