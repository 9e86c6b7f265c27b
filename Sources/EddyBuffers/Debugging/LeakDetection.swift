internal import Glibc

/// Which buffers a pool tracks until they are dropped. Off costs nothing.
///
/// `EDDY_LEAK=off|sampled|all|stacks` in the environment sets the default for all pools, in release builds too.
///
/// Received bytes are tracked by the chunk that the kernel put them into, at every level but `off`: one leak per chunk,
/// without a place in the program, and with an age that counts from when the kernel got the chunk.
public enum LeakDetection: String, Sendable, CaseIterable {
    /// No allocations.
    case off
    /// One allocation in 128, with its age and the place in the program that made it.
    case sampled
    /// Every allocation, with age and place.
    case all
    /// Every allocation, with age and call stack.
    case stacks

    /// The level that the environment sets; off if it sets none or an unknown one.
    public static let ofEnvironment: LeakDetection = {
        guard let value = unsafe getenv("EDDY_LEAK") else { return .off }
        return unsafe LeakDetection(rawValue: String(cString: value)) ?? .off
    }()
}
