import Eddy

/// Cuts a stream of bytes into lines, wherever the network has cut it.
struct LineSplitter {
    /// A line longer than this is no request, and what follows cannot be trusted.
    static let longestLine = 1024

    struct LineTooLong: Error {}

    /// The beginning of a line whose end has not come yet.
    private var beginning = ""

    /// The lines that end within `bytes`, without their ends (LF, or CR LF).
    mutating func lines(in bytes: consuming Buffer) throws(LineTooLong) -> [String] {
        var lines: [String] = []
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let piece = rest.splitFirst(end + 1)
            let line = beginning + String(decoding: piece)
            beginning = ""
            guard line.utf8.count <= Self.longestLine + 1 else { throw LineTooLong() }
            lines.append(String(line.dropLast()))
        }
        beginning += String(decoding: rest)
        guard beginning.utf8.count <= Self.longestLine else { throw LineTooLong() }
        return lines
    }
}
