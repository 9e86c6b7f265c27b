import Glibc
import HarnessSupport

/// A child process. Its owner must end it; if the harness itself is killed, the kernel ends it.
final class RunningProgram {
    let name: String
    let process: pid_t
    private let output: Int32
    private var hasEnded = false

    init(_ program: Program) throws {
        var pipe: [Int32] = [0, 0]
        let result = make_pipe(&pipe)
        guard result == 0 else { throw PeersError("cannot make a pipe", errorNumber: -result) }
        output = pipe[0]
        name = program.name
        do {
            process = try program.launch(output: pipe[1])
        } catch {
            close(pipe[0])
            close(pipe[1])
            throw error
        }
        close(pipe[1])
    }

    /// The rest of the first line of its output that begins with `start`. Programs print it when they are ready.
    func waitForLine(startingWith start: String) throws -> String {
        var seen = ""
        let limit = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < limit {
            var ready = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, 200) > 0 else { continue }
            guard let piece = readSome() else {
                throw PeersError("\(name) ended and did not print '\(start)…'; it printed: \(seen)")
            }
            seen += piece
            let lines = seen.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if let line = lines.first(where: { $0.hasPrefix(start) }) {
                return String(line.dropFirst(start.count))
            }
        }
        throw PeersError("\(name) did not print '\(start)…' in time; it printed: \(seen)")
    }

    /// Its output until it ends, and its exit code.
    func waitForOutput() -> (text: String, exitCode: Int32) {
        var text = ""
        while let piece = readSome() { text += piece }
        return (text, finish())
    }

    /// Ends it immediately, or gracefully with another signal.
    @discardableResult
    func end(signal: Int32 = SIGKILL) -> Int32 {
        guard !hasEnded else { return 0 }
        kill(process, signal)
        return finish()
    }

    private func finish() -> Int32 {
        hasEnded = true
        close(output)
        return wait_for_exit(process)
    }

    /// The next output, or nil at the end.
    private func readSome() -> String? {
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = read(output, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
