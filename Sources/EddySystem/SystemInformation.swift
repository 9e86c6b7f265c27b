internal import Glibc

/// The kernel's version and the process's resource limits.
package enum SystemInformation {
    /// The kernel's release, as `uname -r` prints it.
    package static var kernelRelease: String {
        var name = utsname()
        guard unsafe uname(&name) == 0 else { return "unknown" }
        return unsafe withUnsafeBytes(of: &name.release) { release in
            unsafe String(decoding: release.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// The first two numbers of the kernel's release; nil if it does not begin with them.
    package static var kernelVersion: (major: Int, minor: Int)? { version(ofRelease: kernelRelease) }

    package static func version(ofRelease release: String) -> (major: Int, minor: Int)? {
        let numbers = release.split(separator: ".", maxSplits: 2).prefix(2).map { part in
            Int(part.prefix { $0.isASCII && $0.isNumber })
        }
        guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else { return nil }
        return (major, minor)
    }

    /// A soft and a hard limit of this process (getrlimit(2)); nil if unlimited or unknown.
    package struct Limit: Sendable, Equatable, Codable {
        package let soft: UInt64?
        package let hard: UInt64?
    }

    /// The limit of open descriptors (RLIMIT_NOFILE, `ulimit -n`).
    package static var openFiles: Limit { limit(RLIMIT_NOFILE) }

    /// The limit of locked memory of this user, in bytes (RLIMIT_MEMLOCK, `ulimit -l`).
    package static var lockedMemory: Limit { limit(__RLIMIT_MEMLOCK) }

    /// The limit of this process's address space, in bytes (RLIMIT_AS, `ulimit -v`).
    package static var addressSpace: Limit { limit(RLIMIT_AS) }

    private static func limit(_ resource: __rlimit_resource) -> Limit {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else {
            return Limit(soft: nil, hard: nil)
        }
        let finite = { (value: rlim_t) in value == rlim_t.max ? nil : UInt64(value) }
        return Limit(soft: finite(limit.rlim_cur), hard: finite(limit.rlim_max))
    }

    /// The value of `kernel.io_uring_disabled` (Documentation/admin-guide/sysctl/kernel.rst): 0, 1 or 2; nil if the
    /// kernel lacks the sysctl.
    package static var ioUringDisabled: Int? {
        guard let digit = SmallFile.text(of: "/proc/sys/kernel/io_uring_disabled")?.first, digit.isASCII else {
            return nil
        }
        return digit.wholeNumberValue
    }
}
