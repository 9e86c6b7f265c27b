/// How many bytes say how long a message is.
public enum LengthPrefix: Int, Sendable, CaseIterable {
    case oneByte = 1
    case twoBytes = 2
    case fourBytes = 4
    case eightBytes = 8

    /// Its bytes: 1, 2, 4 or 8.
    public var byteCount: Int { rawValue }
}
