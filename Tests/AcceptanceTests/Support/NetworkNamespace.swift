/// A network of a test's own, which needs root or user namespaces, and the commands of util-linux and iproute2.
enum NetworkNamespace {
    static var isPossible: Bool {
        get async throws {
            let attempt = "command -v nsenter && unshare -rn ip link"
            return try await RunningCommand.run(["sh", "-c", attempt]).ending == .exit(0)
        }
    }

    /// The command prefix that runs a command in the network of another one.
    static func inside(_ server: Server) -> [String] {
        ["nsenter", "--target", "\(server.command.id)", "--user", "--net", "--preserve-credentials", "--"]
    }
}
