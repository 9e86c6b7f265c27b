/// The size of a message's length prefix.
public enum LengthPrefix: Int, Sendable, CaseIterable {
    /// Messages of up to 255 bytes.
    case oneByte = 1
    /// Messages of up to 65,535 bytes.
    case twoBytes = 2
    /// Messages of less than 4 GiB.
    case fourBytes = 4
    /// Messages of any length.
    case eightBytes = 8

    /// The size in bytes: 1, 2, 4 or 8.
    public var byteCount: Int { rawValue }
}
