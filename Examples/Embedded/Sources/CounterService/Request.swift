/// One line of the protocol.
enum Request: Equatable {
    /// `add N`, or `add` for 1.
    case add(Int)
    /// `get`
    case get
    /// `quit`
    case quit

    /// Parses a line without its terminator; nil if it is not a request.
    init?(_ line: String) {
        let words = line.split(separator: " ")
        switch (words.first, words.count) {
        case ("add", 1): self = .add(1)
        case ("add", 2):
            guard let amount = Int(words[1]) else { return nil }
            self = .add(amount)
        case ("get", 1): self = .get
        case ("quit", 1): self = .quit
        default: return nil
        }
    }
}
