import Glibc

/// An error that stops the harness, with a message for people.
struct PeersError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    init(_ description: String, errorNumber: Int32) {
        self.description = "\(description): \(String(cString: strerror(errorNumber)))"
    }
}
