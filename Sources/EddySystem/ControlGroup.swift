// The files that contain a container's limits (cgroups(7)):
//
//     /proc/self/cgroup        version 2                                  version 1
//                              0::/a/b                                    4:memory:/a/b
//     /sys/fs/cgroup           a/b/memory.max, a/memory.max, …            memory/a/b/memory.limit_in_bytes, …
//                              a/b/cpu.max, …                             cpu/a/b/cpu.cfs_quota_us, cfs_period_us, …
//
// A group is subject to its own limits and to those of all its ancestors. Within a container the path may be that of
// the host, of which only the lowest part is mounted, as the root: so the root is always read, too.

/// The limits of this process's control group.
package struct ControlGroup: Equatable, Sendable {
    /// The memory limit in bytes, including the kernel's socket buffers; nil if unlimited.
    package let memory: Int?
    /// The processor limit, in processors; nil if unlimited.
    package let processors: Double?

    /// The limits of this process, read on first use.
    package static let current = ControlGroup(
        root: "/sys/fs/cgroup",
        groups: SmallFile.text(of: "/proc/self/cgroup") ?? ""
    )

    /// Reads the limits below `root` for a process in `groups` (the text of /proc/self/cgroup).
    package init(root: String, groups: String) {
        var (memory, processors): ([Int], [Double]) = ([], [])
        for line in groups.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: ",").map(String.init)
            for path in Self.pathAndAbove(String(fields[2])) {
                if controllers.isEmpty {
                    memory += Self.number(in: "\(root)\(path)/memory.max").map { [$0] } ?? []
                    processors += Self.quota(SmallFile.text(of: "\(root)\(path)/cpu.max") ?? "").map { [$0] } ?? []
                }
                if controllers.contains("memory") {
                    memory += Self.number(in: "\(root)/memory\(path)/memory.limit_in_bytes").map { [$0] } ?? []
                }
                if controllers.contains("cpu") {
                    let quota = SmallFile.text(of: "\(root)/cpu\(path)/cpu.cfs_quota_us") ?? ""
                    let period = SmallFile.text(of: "\(root)/cpu\(path)/cpu.cfs_period_us") ?? ""
                    processors += Self.quota("\(quota) \(period)").map { [$0] } ?? []
                }
            }
        }
        // Version 1 writes a 63-bit number for no limit.
        self.memory = memory.filter { (0..<1 << 60).contains($0) }.min()
        self.processors = processors.min()
    }

    /// `/a/b`, `/a` and the root, which is the empty string.
    private static func pathAndAbove(_ path: String) -> [String] {
        let parts = path.split(separator: "/").filter { $0 != ".." }
        return (0...parts.count).reversed().map { parts.prefix($0).map { "/\($0)" }.joined() }
    }

    /// Parses a quota and a period in the same unit; nil for `max` and -1.
    private static func quota(_ text: String) -> Double? {
        let numbers = text.split(whereSeparator: \.isWhitespace).map { Int($0) ?? 0 }
        guard numbers.count == 2, numbers[0] > 0, numbers[1] > 0 else { return nil }
        return Double(numbers[0]) / Double(numbers[1])
    }

    private static func number(in path: String) -> Int? {
        SmallFile.text(of: path).flatMap { $0.split(whereSeparator: \.isWhitespace).first }.flatMap { Int($0) }
    }
}
