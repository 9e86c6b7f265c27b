import Eddy

/// Connects, drops the connection at once, and returns the error, if any.
func errorOfConnecting(
    through group: EventLoopGroup,
    to endpoint: Endpoint,
    _ options: ConnectOptions = .init()
) async -> ConnectError? {
    do {
        try await TCPClient(group: group, options: options).connect(to: endpoint) { _ in }
        return nil
    } catch {
        return error as? ConnectError
    }
}
