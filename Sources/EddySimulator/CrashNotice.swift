import Glibc

/// Prints the running seed when the process crashes: a trap is a violation, too.
enum CrashNotice {
    /// Read by a signal handler, which can do little else.
    nonisolated(unsafe) private static var text: [UInt8] = []

    /// Sets the seed that is about to run.
    static func running(_ seed: UInt64) {
        unsafe text = Array("crashed; reproduce it with: scripts/simulate --seed \(seed)\n".utf8)
    }

    static func install() {
        for signal in [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE] {
            _ = Glibc.signal(signal) { signal in
                unsafe CrashNotice.text.withUnsafeBytes { unsafe _ = write(2, $0.baseAddress, $0.count) }
                _ = Glibc.signal(signal, SIG_DFL)
                raise(signal)
            }
        }
    }
}
