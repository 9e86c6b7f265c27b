import Foundation
import Testing

@testable import EddySystem

/// The limits of a container, read from its files.
@Suite("system: control groups")
struct ControlGroupTests {
    /// Reads the limits of a process in `groups`, with these files mounted.
    private func limits(_ groups: String, _ files: [String: String]) throws -> ControlGroup {
        let root = FileManager.default.temporaryDirectory.appending(path: "eddy-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        for (path, text) in files {
            let file = root.appending(path: path)
            let directory = file.deletingLastPathComponent()
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return ControlGroup(root: root.path, groups: groups)
    }

    private func expect(
        _ limits: ControlGroup,
        memory: Int?,
        processors: Double?,
        from location: SourceLocation = #_sourceLocation
    ) {
        #expect(limits.memory == memory, sourceLocation: location)
        #expect(limits.processors == processors, sourceLocation: location)
    }

    // MARK: Version 2

    @Test("In version 2 the group's own limits apply")
    func version2() throws {
        let files = ["a/b/memory.max": "67108864\n", "a/b/cpu.max": "150000 100000\n"]
        expect(try limits("0::/a/b\n", files), memory: 64 << 20, processors: 1.5)
    }

    @Test(
        "In version 2 the lowest limit of a group and its ancestors applies",
        arguments: ["memory.max", "a/memory.max", "a/b/memory.max"],
        ["cpu.max", "a/cpu.max", "a/b/cpu.max"]
    )
    func nested(lowestMemory: String, lowestQuota: String) throws {
        var files: [String: String] = [:]
        for folder in ["", "a/", "a/b/"] {
            files[folder + "memory.max"] = "90000000\n"
            files[folder + "cpu.max"] = "800000 100000\n"
        }
        files[lowestMemory] = "10000000\n"
        files[lowestQuota] = "25000 50000\n"
        expect(try limits("0::/a/b\n", files), memory: 10_000_000, processors: 0.5)
    }

    @Test("In version 2 'max' is no limit, and does not hide an ancestor's")
    func max() throws {
        let files = ["a/memory.max": "max\n", "a/cpu.max": "max 100000\n"]
        expect(try limits("0::/a\n", files), memory: nil, processors: nil)
        let above = files.merging(["memory.max": "5000000\n", "cpu.max": "100000 100000\n"]) { $1 }
        expect(try limits("0::/a\n", above), memory: 5_000_000, processors: 1)
    }

    @Test(
        "A path of the host, of which a container sees only the lowest group, leads to the root",
        arguments: ["0::/docker/0123abcd\n", "0::/../../machine\n", "0::/\n"]
    )
    func unknownPath(groups: String) throws {
        let files = ["memory.max": "67108864\n", "cpu.max": "200000 100000\n"]
        expect(try limits(groups, files), memory: 64 << 20, processors: 2)
    }

    @Test("A group elsewhere in the tree has no effect")
    func sibling() throws {
        let files = ["a/memory.max": "max\n", "other/memory.max": "1000000\n", "a/b/cpu.max": "1000 100000\n"]
        expect(try limits("0::/a\n", files), memory: nil, processors: nil)
    }

    // MARK: Version 1

    /// As `/proc/self/cgroup` shows them in version 1: each controller has its own path.
    private let version1 = "5:memory:/a/b\n4:cpu,cpuacct:/c\n3:name=systemd:/\n"

    @Test("In version 1 each controller has its own path and folder")
    func separateControllers() throws {
        let files = [
            "memory/a/b/memory.limit_in_bytes": "67108864\n",
            "cpu/c/cpu.cfs_quota_us": "50000\n", "cpu/c/cpu.cfs_period_us": "100000\n",
            // Not this process's groups.
            "memory/c/memory.limit_in_bytes": "1000000\n",
            "cpu/a/b/cpu.cfs_quota_us": "1000\n", "cpu/a/b/cpu.cfs_period_us": "100000\n",
        ]
        expect(try limits(version1, files), memory: 64 << 20, processors: 0.5)
    }

    @Test("In version 1 the lowest limit of a group and its ancestors applies")
    func nestedControllers() throws {
        let files = [
            "memory/a/b/memory.limit_in_bytes": "9223372036854771712\n",
            "memory/a/memory.limit_in_bytes": "20000000\n",
            "memory/memory.limit_in_bytes": "30000000\n",
            "cpu/c/cpu.cfs_quota_us": "-1\n", "cpu/c/cpu.cfs_period_us": "100000\n",
            "cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n",
        ]
        expect(try limits(version1, files), memory: 20_000_000, processors: 3)
    }

    @Test("In version 1 a huge number and -1 mean no limit")
    func unlimited() throws {
        let files = [
            "memory/a/b/memory.limit_in_bytes": "9223372036854771712\n",
            "cpu/c/cpu.cfs_quota_us": "-1\n", "cpu/c/cpu.cfs_period_us": "100000\n",
        ]
        expect(try limits(version1, files), memory: nil, processors: nil)
    }

    @Test("Where both versions are mounted, the limits of both apply")
    func hybrid() throws {
        let files = ["memory/a/b/memory.limit_in_bytes": "67108864\n", "cpu.max": "100000 100000\n"]
        expect(try limits(version1 + "0::/d\n", files), memory: 64 << 20, processors: 1)
    }

    // MARK: Files that are missing or malformed

    @Test(
        "Without a mounted file there is no limit",
        arguments: ["", "0::/a\n", "5:memory:/a\n4:cpu:/a\n", "0::\n", "nonsense\n", "::\n", "0:\n", "\n\n"]
    )
    func missing(groups: String) throws {
        expect(try limits(groups, [:]), memory: nil, processors: nil)
    }

    @Test(
        "A malformed file means no limit",
        arguments: ["", "\n", "many", "-5", "18446744073709551616", "1e3", "0x10", "\0", "max max", "12abc"]
    )
    func malformedMemory(text: String) throws {
        expect(try limits("0::/\n", ["memory.max": text]), memory: nil, processors: nil)
        let files = ["memory/memory.limit_in_bytes": text]
        expect(try limits("1:memory:/\n", files), memory: nil, processors: nil)
    }

    @Test(
        "A malformed quota means no limit",
        arguments: [
            "", "\n", "50000", "max", "50000 0", "0 100000", "50000 -1", "-50000 -100000", "x 100000", "50000 x",
            "50000 100000 1", "inf 100000", "nan 100000", "1e300 1", "50000.5 100000", "18446744073709551616 1",
        ]
    )
    func malformedQuota(text: String) throws {
        expect(try limits("0::/\n", ["cpu.max": text]), memory: nil, processors: nil)
    }

    @Test("A quota without a period means no limit")
    func noPeriod() throws {
        expect(try limits("1:cpu:/\n", ["cpu/cpu.cfs_quota_us": "50000\n"]), memory: nil, processors: nil)
    }

    @Test("This process's limits are read from the system")
    func current() {
        let groups = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        #expect(ControlGroup.current == ControlGroup(root: "/sys/fs/cgroup", groups: groups))
    }
}
