import Foundation

/// A user to whom limits apply: the one that runs the tests, or, if that is root, to whom few limits apply, a user id
/// without other processes.
struct UnprivilegedUser {
    private let number = UInt32.random(in: 100_000..<2_000_000_000)

    /// The command prefix that runs a command as this user with a limit, in the notation of prlimit(1).
    func wrapper(limit: String) -> [String] {
        let limited = ["prlimit", limit, "--"]
        guard geteuid() == 0 else { return limited }
        // The kernel counts by the real user. The effective user stays root without its privileges, so that the command
        // and its files can be read in any place.
        return limited + ["setpriv", "--ruid", "\(number)", "--bounding-set=-all", "--inh-caps=-all", "--"]
    }
}
