/// The server of a scenario.
enum IsolationService {
    /// `eddy echo`.
    case echo
    /// `eddy proxy` in front of `isolation-upstream`.
    case relay
    /// One of the protocols of `eddy-service`. With `holds` it keeps buffers for as long as the attack lasts.
    case small(_ protocol: String, _ options: [String] = [], form: Form = .line, holds: Bool = false)

    /// The form of the probe's messages.
    enum Form: String {
        case line
        case frame
        case record
    }

    var form: Form {
        if case .small(_, _, let form, _) = self { form } else { .line }
    }

    var isRelay: Bool {
        if case .relay = self { true } else { false }
    }

    func arguments(_ programs: ProgramFolder, loops: Int, upstream: String, attackSeconds: Int) -> [String] {
        let eddy = programs.eddies[0].path
        let common = ["--loops", "\(loops)"]
        switch self {
        case .echo:
            return [eddy, "echo", "--listen", "127.0.0.1:0"] + common
        case .relay:
            return [eddy, "proxy", "--listen", "127.0.0.1:0", "--to", upstream] + common
        case .small(let name, let options, _, let holds):
            let hold = holds ? ["--hold", "\(attackSeconds)"] : []
            return [programs["eddy-service"], name] + options + hold + common
        }
    }
}
