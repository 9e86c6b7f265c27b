import Foundation

/// A user to whom limits apply: the one that runs the tests; for root, to whom few apply, a number that no other process
/// has.
struct UnprivilegedUser {
    private let number = UInt32.random(in: 100_000..<2_000_000_000)

    /// What to put before a command so that it runs as this user with a limit, written as for prlimit(1).
    func wrapper(limit: String) -> [String] {
        let limited = ["prlimit", limit, "--"]
        guard geteuid() == 0 else { return limited }
        // The kernel counts by the real user. The effective one stays root without its privileges, so that the command
        // and its files can be read wherever they are.
        return limited + ["setpriv", "--ruid", "\(number)", "--bounding-set=-all", "--inh-caps=-all", "--"]
    }
}
