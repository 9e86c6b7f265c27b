import Glibc

/// Something that the harness cannot go on without, in words for a person.
struct PeersError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    init(_ description: String, errorNumber: Int32) {
        self.description = "\(description): \(String(cString: strerror(errorNumber)))"
    }
}
