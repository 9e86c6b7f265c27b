import ArgumentParser
import Eddy

extension SocketAddress {
    /// Reads `HOST:PORT`.
    @Sendable static func argument(_ text: String) throws -> SocketAddress {
        do {
            return try SocketAddress(text)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}
