internal import Glibc

/// Which buffers a pool watches until they are dropped. Off costs nothing.
///
/// `EDDY_LEAK=off|sampled|all|stacks` in the environment sets it for all pools that do not say otherwise, in release
/// builds, too.
///
/// Received bytes are watched by the chunk that the kernel put them into, at every level but `off`: as one leak a
/// chunk, without a place in the program, and with an age that counts since the kernel got the chunk.
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
