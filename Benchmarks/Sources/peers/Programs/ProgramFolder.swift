import Glibc

/// Where the programs are. The peers were built beside this one; others are looked for in PATH.
struct ProgramFolder {
    let eddy: String
    let folder: String

    init(eddy: String) throws {
        guard access(eddy, X_OK) == 0 else {
            throw PeersError("cannot run \(eddy); run 'swift build -c release --product eddy', or name it with --eddy")
        }
        self.eddy = eddy
        guard let own = realpath("/proc/self/exe", nil) else {
            throw PeersError("cannot tell where this program is", errorNumber: errno)
        }
        defer { free(own) }
        let path = String(cString: own)
        folder = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
    }

    subscript(name: String) -> String {
        "\(folder)/\(name)"
    }

    /// Whether a command is in PATH.
    static func has(_ command: String) -> Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        return path.split(separator: ":").contains { access("\($0)/\(command)", X_OK) == 0 }
    }
}
