import ArgumentParser

/// A list in one argument: 1x64,50x64.
struct CommaSeparated<Element: ExpressibleByArgument>: ExpressibleByArgument {
    let elements: [Element]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        elements = parts.compactMap { Element(argument: String($0)) }
        guard elements.count == parts.count else { return nil }
    }
}
