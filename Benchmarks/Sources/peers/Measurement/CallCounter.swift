/// The number of a server's system calls, from the kernel's counters. Counting does not affect the server.
enum CallCounter {
    /// All calls for each request, or nil if perf is missing or may not count.
    static func run(on server: RunningServer, in load: LoadCase, with generator: Load) throws -> Double? {
        defer { server.end() }
        let event = "raw_syscalls:sys_enter"
        guard ProgramFolder.has("perf"), try canCount(event) else { return nil }
        let output = try MemoryFile()
        var counted = generator
        counted.wrapper = ["perf", "stat", "-x", ",", "-e", event, "-o", output.path, "-p", "\(server.process)", "--"]
        let requests = try counted.run(load, at: server).allRequests
        return parse(output.text).map { $0 / requests }
    }

    /// The first field of the only line that is not a comment.
    static func parse(_ text: String) -> Double? {
        text.split(separator: "\n").first { !$0.hasPrefix("#") }?.split(separator: ",").first.flatMap { Double($0) }
    }

    private static func canCount(_ event: String) throws -> Bool {
        let output = try MemoryFile()
        let attempt = try RunningProgram(Program(["perf", "stat", "-x", ",", "-e", event, "-o", output.path, "true"]))
        return attempt.waitForOutput().exitCode == 0 && parse(output.text) != nil
    }
}
