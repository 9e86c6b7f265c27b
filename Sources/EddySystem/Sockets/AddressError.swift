/// Why a text is not a valid address; the description states the expected form.
public enum AddressError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text is neither `HOST:PORT` nor `unix:PATH`.
    case malformed(String)
    /// The port is not a number from 0 to 65,535.
    case badPort(String)
    /// The path (or abstract name) of a Unix domain socket has more than 107 bytes (unix(7), `sun_path`).
    case pathTooLong(String, byteCount: Int)
    /// The name does not resolve; `reason` is the resolver's message.
    case unresolved(name: String, reason: String)

    public var description: String {
        switch self {
        case .malformed(let text):
            "'\(text)' is not an address; write HOST:PORT, for example 127.0.0.1:7000 or [::1]:7000, or unix:PATH"
        case .badPort(let text):
            "'\(text)' is not a port; write a number from 0 to 65535"
        case .pathTooLong(let path, let byteCount):
            "the path '\(path)' has \(byteCount) bytes, and the system allows a Unix domain socket "
                + "\(SocketAddress.longestPath); use a shorter one, for example below /run"
        case .unresolved(let name, let reason):
            "the host name '\(name)' does not resolve (\(reason)); check its spelling, or write the number"
        }
    }
}
