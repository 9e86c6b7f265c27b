import Foundation
import HarnessSupport

/// A program that can be started, and how to start it.
struct Program {
    /// The first is its path, or a name that is searched for in PATH.
    var arguments: [String]
    /// Variables that are added to this process's environment or replace it: NAME=VALUE.
    var environment: [String] = []
    var core: CPU?
    /// Its standard input, and its descriptor 3.
    var input: Int32 = -1
    var extra: Int32 = -1

    init(_ arguments: [String]) {
        self.arguments = arguments
    }

    /// The last part of its path.
    var name: String {
        arguments[0].split(separator: "/").last.map(String.init) ?? arguments[0]
    }

    /// Uses all the processor time that it gets, almost none of it in the kernel.
    static let busyLoop = Program(["sh", "-c", "while :; do :; done"])

    func on(_ core: CPU) -> Program {
        var pinned = self
        pinned.core = core
        return pinned
    }

    /// Starts it with a descriptor as its standard output, or with this process's. The process is a child of this one.
    func launch(output: Int32) throws -> pid_t {
        let process = withArray(of: arguments) { arguments in
            withArray(of: inheritedEnvironment + environment) { environment in
                var start = program_start(
                    arguments: arguments,
                    environment: environment,
                    core: core?.number ?? -1,
                    input: input,
                    output: output,
                    extra: extra
                )
                return start_program(&start)
            }
        }
        guard process > 0 else { throw PeersError("cannot start \(arguments[0])", errorNumber: -process) }
        return process
    }

    private var inheritedEnvironment: [String] {
        let replaced = Set(environment.compactMap { $0.split(separator: "=").first })
        return ProcessInfo.processInfo.environment
            .filter { name, _ in !replaced.contains(name[...]) }
            .map { name, value in "\(name)=\(value)" }
    }
}

/// The strings in C form: pointers, followed by NULL.
private func withArray<Result>(
    of strings: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers = strings.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    pointers.append(nil)
    return body(pointers)
}
