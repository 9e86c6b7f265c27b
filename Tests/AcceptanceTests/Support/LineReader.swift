import Foundation

/// The lines that a command writes, as they arrive.
final class LineReader: Sendable {
    private struct Text {
        var lines: [String] = []
        var unfinished: [UInt8] = []
        var ended = false

        /// Appends the next bytes. No bytes mean the end.
        mutating func append(_ bytes: [UInt8]) {
            for byte in bytes {
                if byte == UInt8(ascii: "\n") {
                    finishLine()
                } else {
                    unfinished.append(byte)
                }
            }
            if bytes.isEmpty {
                if !unfinished.isEmpty {
                    finishLine()
                }
                ended = true
            }
        }

        private mutating func finishLine() {
            lines.append(String(decoding: unfinished, as: UTF8.self))
            unfinished.removeAll()
        }
    }

    private let text = Watched(Text())

    init(_ descriptor: FileDescriptor) {
        // On a thread of its own, because reading blocks, and a task must not block.
        Thread.detachNewThread { [text] in
            while true {
                let bytes = descriptor.read()
                text.update { $0.append(bytes) }
                if bytes.isEmpty { return }
            }
        }
    }

    /// The lines so far.
    var lines: [String] {
        text.value.lines
    }

    /// Waits for the first matching line from index `place` on. Nil if the command ends before it.
    func line(from place: Int = 0, where isWanted: (String) -> Bool = { _ in true }) async throws -> String? {
        try await text.first { text -> String?? in
            if let line = text.lines.dropFirst(place).first(where: isWanted) {
                return .some(line)
            }
            return text.ended ? .some(nil) : nil
        }
    }

    /// Waits until the command's output ends.
    func all() async throws -> [String] {
        try await text.first { $0.ended ? $0.lines : nil }
    }
}
