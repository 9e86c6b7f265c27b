import Glibc

/// Says which seed was running when the process crashes: a trap is a violation, too.
enum CrashNotice {
    /// Read by a signal handler, which can do little more.
    nonisolated(unsafe) static var seed: UInt64 = 0

    static func install() {
        for signal in [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE] {
            _ = Glibc.signal(signal) { signal in
                var digits = [UInt8]()
                var rest = unsafe CrashNotice.seed
                repeat {
                    digits.insert(UInt8(ascii: "0") + UInt8(rest % 10), at: 0)
                    rest /= 10
                } while rest > 0
                let text = Array("crashed; see what led to it: scripts/simulate --seed ".utf8) + digits + [10]
                unsafe text.withUnsafeBytes { unsafe _ = write(2, $0.baseAddress, $0.count) }
                _ = Glibc.signal(signal, SIG_DFL)
                raise(signal)
            }
        }
    }
}
