// The environment variables that systemd sets for a service whose sockets it has opened (sd_listen_fds(3)):
//
//     LISTEN_PID=4711                  the process that receives the sockets
//     LISTEN_FDS=2                     descriptors 3 and 4
//     LISTEN_FDNAMES=http:admin        their names; may be unset

/// The sockets that systemd has passed, by name.
struct SocketActivation: Equatable {
    /// The first descriptor's number is 3 (SD_LISTEN_FDS_START).
    static let firstDescriptor: Int32 = 3

    /// The names, in the order of the descriptors.
    let names: [String]

    /// Reads the environment of a process.
    init(process: Int32, environment: (String) -> String?) throws(InheritedSocketError) {
        guard let countText = environment("LISTEN_FDS") else { throw .noActivation }
        guard let count = Self.number(countText), (0...1024).contains(count) else {
            throw .malformed(variable: "LISTEN_FDS", value: countText)
        }
        let processText = environment("LISTEN_PID") ?? ""
        guard let expected = Self.number(processText) else {
            throw .malformed(variable: "LISTEN_PID", value: processText)
        }
        guard expected == process else { throw .otherProcess(processText) }
        guard count > 0 else { throw .noActivation }
        let given = (environment("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false)
        names = (0..<Int(count)).map { $0 < given.count && !given[$0].isEmpty ? String(given[$0]) : "unknown" }
    }

    /// Accepts digits only, as systemd writes them.
    private static func number(_ text: String) -> Int32? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int32(text) : nil
    }

    /// The descriptor with this name; without a name, the only one.
    func descriptor(named name: String?) throws(InheritedSocketError) -> Int32 {
        let descriptors = try descriptors(named: name)
        guard descriptors.count == 1 else { throw .ambiguous(names: name.map { [$0] } ?? names) }
        return descriptors[0]
    }

    /// The descriptors with this name, since a unit may listen on several addresses; without a name, all of them.
    func descriptors(named name: String?) throws(InheritedSocketError) -> [Int32] {
        let indices = names.indices.filter { name == nil || names[$0] == name }
        if let name, indices.isEmpty { throw .noSuchName(name, names: names) }
        return indices.map { Self.firstDescriptor + Int32($0) }
    }
}
