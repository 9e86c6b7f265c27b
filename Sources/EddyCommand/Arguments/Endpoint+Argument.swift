import ArgumentParser
import Eddy

extension Endpoint {
    /// Reads `HOST:PORT` or `unix:PATH`. A name is looked up only when somebody connects.
    @Sendable static func argument(_ text: String) throws -> Endpoint {
        do {
            return try Endpoint(text)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}
