import Eddy
import EddyBuffers
import EddySimulation

/// A read of a stream of messages.
enum StreamRead: Sendable {
    case any
    case exactly(Int)
    case until([UInt8], limit: Int)
    case line(limit: Int)
    case frame(LengthPrefix, Endianness, limit: Int)

    static func random(_ random: inout SeededGenerator) -> StreamRead {
        let limit = [0, 1, 2, 7, 64, 1000, 4096, 1 << 20].randomElement(using: &random)!
        switch Int.random(in: 0..<12, using: &random) {
        case 0: return .any
        case 1, 2: return .exactly([0, 1, 2, 3, 17, 255, 4095, 4097].randomElement(using: &random)!)
        case 3, 4, 5:
            let delimiters = ["\n", "\r\n", "\r\n\r\n", "a", "ab", "aab", "--", "aaaaaaaa"]
            return .until(Array(delimiters.randomElement(using: &random)!.utf8), limit: limit)
        case 6, 7, 8: return .line(limit: limit)
        default:
            let order: Endianness = Bool.random(using: &random) ? .big : .little
            return .frame(LengthPrefix.allCases.randomElement(using: &random)!, order, limit: limit)
        }
    }
}

/// The outcome of a read: bytes, the end, or an error.
enum StreamOutcome: Equatable, Sendable {
    case bytes([UInt8])
    case end
    case failure(ConnectionError)
}

/// The reads of a connection, implemented on a complete array: no slices, no waiting.
struct StreamModel {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// The expected outcome of a read. A read of any bytes may return any prefix of the rest: `given` is accepted if it
    /// matches.
    mutating func outcome(of read: StreamRead, given: StreamOutcome) -> StreamOutcome {
        switch read {
        case .any:
            guard !rest.isEmpty else { return .end }
            guard case .bytes(let bytes) = given, !bytes.isEmpty, rest.starts(with: bytes) else {
                return .bytes(Array(rest))
            }
            return take(bytes.count)
        case .exactly(let count):
            return rest.count < count ? tooFew : take(count)
        case .until(let delimiter, let limit):
            return message(before: delimiter, limit: limit)
        case .line(let limit):
            return line(limit: limit)
        case .frame(let prefix, let endianness, let limit):
            return frame(prefix, endianness, limit: limit)
        }
    }

    private var tooFew: StreamOutcome {
        rest.isEmpty ? .end : .failure(.unexpectedEnd(received: rest.count))
    }

    private mutating func message(before delimiter: [UInt8], limit: Int) -> StreamOutcome {
        if let place = rest.indices.first(where: { rest[$0...].starts(with: delimiter) }) {
            guard place - rest.startIndex <= limit else { return .failure(.delimiterNotFound(limit: limit)) }
            return take(place - rest.startIndex, andDrop: delimiter.count)
        }
        // Certainly too long once the delimiter can no longer start early enough.
        return rest.count - (delimiter.count - 1) > limit ? .failure(.delimiterNotFound(limit: limit)) : tooFew
    }

    private mutating func line(limit: Int) -> StreamOutcome {
        guard let lineFeed = rest.firstIndex(of: 0x0A) else {
            return rest.count > limit + 1 ? .failure(.delimiterNotFound(limit: limit)) : tooFew
        }
        let count = lineFeed - rest.startIndex
        let hasReturn = count > 0 && rest[lineFeed - 1] == 0x0D
        let length = hasReturn ? count - 1 : count
        guard length <= limit else { return .failure(.delimiterNotFound(limit: limit)) }
        return take(length, andDrop: hasReturn ? 2 : 1)
    }

    private mutating func frame(_ prefix: LengthPrefix, _ endianness: Endianness, limit: Int) -> StreamOutcome {
        guard rest.count >= prefix.byteCount else { return tooFew }
        let bytes = Array(rest.prefix(prefix.byteCount))
        let length = (endianness == .big ? bytes : bytes.reversed()).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= limit else { return .failure(.frameTooLong(length: length, limit: limit)) }
        guard rest.count >= prefix.byteCount + Int(length) else { return tooFew }
        rest = rest.dropFirst(prefix.byteCount)
        return take(Int(length))
    }

    private mutating func take(_ count: Int, andDrop dropped: Int = 0) -> StreamOutcome {
        defer { rest = rest.dropFirst(count + dropped) }
        return .bytes(Array(rest.prefix(count)))
    }
}
