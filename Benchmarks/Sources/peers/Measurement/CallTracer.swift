import Foundation

/// The kinds of a server's system calls, as traced by strace.
enum CallTracer {
    static func run(
        on server: RunningServer,
        in load: LoadCase,
        with generator: Load
    ) throws -> [SystemCallResult.Calls] {
        defer { server.end() }
        let output = try MemoryFile()
        let arguments = ["-c", "-f", "-qq", "-U", "calls,name", "-o", output.path, "-p", "\(server.process)"]
        let tracer = try RunningProgram(Program(["strace"] + arguments).on(generator.core))
        defer { tracer.end() }
        try waitUntilTraced(server.process)
        let requests = try generator.run(load, at: server).allRequests
        tracer.end(signal: SIGINT)
        return parse(output.text).map { name, count in
            SystemCallResult.Calls(name: name, count: count, perRequest: Double(count) / requests)
        }
    }

    /// Lines of a number and a name, between a header and the total.
    static func parse(_ text: String) -> [(name: String, count: Int)] {
        text.split(separator: "\n")
            .compactMap { line in
                let columns = line.split(separator: " ")
                guard columns.count == 2, let count = Int(columns[0]), columns[1] != "total" else { return nil }
                return (String(columns[1]), count)
            }
            .sorted { $0.count > $1.count }
    }

    private static func waitUntilTraced(_ process: pid_t) throws {
        let limit = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < limit {
            let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")
            let areTraced = threads.allSatisfy { thread in
                let status = try? String(contentsOfFile: "/proc/\(process)/task/\(thread)/status", encoding: .utf8)
                return status.map { !$0.contains("\nTracerPid:\t0\n") } ?? true
            }
            if areTraced { return }
            usleep(10_000)
        }
        throw PeersError("strace does not trace process \(process); see the sysctl kernel.yama.ptrace_scope")
    }
}
