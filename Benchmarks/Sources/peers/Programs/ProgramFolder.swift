import Glibc

/// The location of the programs. The peers are in the same build folder; others are searched for in PATH.
struct ProgramFolder {
    /// The command that is measured, and possibly another one from other sources.
    let eddies: [(name: String, title: String, path: String)]
    private let folder: String

    init(eddy: String, baseline: String? = nil) throws {
        eddies = [("eddy", "Eddy", eddy)] + (baseline.map { [("baseline", "Eddy, baseline", $0)] } ?? [])
        for (_, _, path) in eddies where access(path, X_OK) != 0 {
            throw PeersError("cannot run \(path); build it with 'swift build -c release --product eddy'")
        }
        guard let own = realpath("/proc/self/exe", nil) else {
            throw PeersError("cannot find the path of this program", errorNumber: errno)
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
