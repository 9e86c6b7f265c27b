import Foundation

/// The system's data on a process, from `/proc`.
struct ProcessFacts {
    let id: pid_t

    /// The number of open descriptors.
    func descriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd").count
    }

    /// Resident memory in bytes.
    func residentMemory() throws -> Int {
        let pages = try fields("statm")[1]
        return Int(pages)! * sysconf(Int32(_SC_PAGESIZE))
    }

    /// The processor time used so far, in user and kernel mode.
    func processorTime() throws -> Duration {
        let third = try status()
        let ticks = Int(third[14 - 3])! + Int(third[15 - 3])!
        return .milliseconds(ticks * 1000 / sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The process state: `R` for running, `S` for sleeping, `T` for stopped and so on.
    func state() throws -> Substring { try status()[0] }

    /// The fields of `stat` from the third on.
    private func status() throws -> [Substring] {
        // The second field is the name in parentheses, which may contain spaces. The third follows directly.
        let text = try String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)
        return text[text.lastIndex(of: ")")!...].dropFirst(2).split(separator: " ")
    }

    /// The processes that it has started.
    func children() throws -> [pid_t] {
        try fields("task/\(id)/children").map { pid_t($0)! }
    }

    private func fields(_ file: String) throws -> [Substring] {
        try String(contentsOfFile: "/proc/\(id)/\(file)", encoding: .utf8).split(whereSeparator: \.isWhitespace)
    }
}

/// Whether the kernel has the given release or a later one.
func isKernel(atLeast release: (Int, Int)) throws -> Bool {
    let text = try String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)
    let numbers = text.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    return (numbers[0], numbers[1]) >= release
}

/// Whether any process listens at the given port of 127.0.0.1.
func isListening(at port: Int) throws -> Bool {
    let address = "0100007F:" + String(format: "%04X", port)
    let listening = "0A"
    return try textOfSystemFile("/proc/net/tcp").split(separator: "\n").contains {
        let fields = $0.split(separator: " ")
        return fields[1] == address && fields[3] == listening
    }
}

/// Reads a file of `/proc` to its end. It has no size and comes in pieces, of which `String(contentsOfFile:)` reads
/// only the first.
func textOfSystemFile(_ path: String) throws -> String {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? file.close() }
    return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
}
