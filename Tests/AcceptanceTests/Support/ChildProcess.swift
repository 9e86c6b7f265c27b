import Foundation

/// Starts a process and waits for it, with plain system calls.
///
/// Not with Foundation's `Process`, which leaves a socket of its own open in the child: these tests count the child's
/// descriptors and limit them.
struct ChildProcess {
    let id: pid_t

    /// The tests' ends of the child's standard input, output and error.
    let input: FileDescriptor
    let output: FileDescriptor
    let errors: FileDescriptor

    init(_ command: [String]) throws {
        // A socket, because writing to it can be made not to raise SIGPIPE; a pipe always does.
        let (ownInput, childInput) = try FileDescriptor.socketPair()
        let (ownOutput, childOutput) = try FileDescriptor.pipe()
        let (ownErrors, childErrors) = try FileDescriptor.pipe()
        (input, output, errors) = (ownInput, ownOutput, ownErrors)
        id = try Self.spawn(command, [childInput, childOutput, childErrors])
    }

    /// Blocks until the process has ended, but leaves it a zombie, so that its process id is not reused.
    func waitUntilEnded() {
        var information = siginfo_t()
        while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    }

    /// Frees the process id of a process that has ended.
    func reap() -> Ending {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? .exit((status >> 8) & 0xff) : .signal(signal)
    }

    private static func spawn(_ command: [String], _ standard: [FileDescriptor]) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in standard.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor.number, Int32(number))
        }
        for number in try openDescriptors() where number >= standard.count {
            posix_spawn_file_actions_addclose(&actions, number)
        }

        // The test runner may ignore or block signals; the child starts with the default handling of every signal.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }

        var id: pid_t = 0
        let error = posix_spawnp(&id, command[0], &actions, &attributes, &arguments, environ)
        guard error == 0 else {
            throw SystemFailure("cannot start \(command[0])", error)
        }
        return id
    }

    /// The descriptors that the child would inherit: the runner's own may be among them.
    private static func openDescriptors() throws -> [Int32] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
    }
}

/// How a process ended.
enum Ending: Equatable {
    case exit(Int32)
    case signal(Int32)
}

/// A system call that failed where a test needed it.
struct SystemFailure: Error, CustomStringConvertible {
    let description: String

    init(_ what: String, _ number: Int32 = errno) {
        description = "\(what): \(String(cString: strerror(number)))"
    }
}
