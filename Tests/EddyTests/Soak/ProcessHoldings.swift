import Foundation

/// The resources that this process holds.
struct ProcessHoldings {
    var descriptors: [String]
    var residentBytes: Int

    /// Whether a sanitizer runs in this process: it keeps freed memory, and records of its use.
    static let includeSanitizer = dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil

    private static func current() throws -> ProcessHoldings {
        try ProcessHoldings(
            descriptors: FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").sorted(),
            residentBytes: residentBytes()
        )
    }

    /// The holdings once the number of descriptors is stable: a loop's descriptors close with the last reference to the
    /// loop, which another thread may drop a moment later.
    static func settled() async throws -> ProcessHoldings {
        var holdings = try current()
        var unchanged = 0
        while unchanged < 30 {
            try await Task.sleep(for: .milliseconds(10))
            let now = try current()
            unchanged = now.descriptors == holdings.descriptors ? unchanged + 1 : 0
            holdings = now
        }
        return holdings
    }

    /// proc_pid_statm(5): pages, of which the second field counts the resident ones.
    private static func residentBytes() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return Int(fields[1])! * sysconf(Int32(_SC_PAGESIZE))
    }
}
