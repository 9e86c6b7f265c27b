import EddyBuffers
import EddySimulation

/// `count` pseudorandom bytes, the same for the same seed (SplitMix64).
func randomBytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    var bytes = [UInt8](repeating: 0, count: count)
    bytes.withUnsafeMutableBytes { bytes in
        var offset = 0
        while offset + 8 <= bytes.count {
            bytes.storeBytes(of: generator.next(), toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        while offset < bytes.count {
            bytes[offset] = UInt8(truncatingIfNeeded: generator.next())
            offset += 1
        }
    }
    return bytes
}

/// How the received bytes differ; nil if they are the sent ones. Arrays that differ are not printed.
func difference(_ received: [UInt8], from sent: [UInt8]) -> String? {
    if received == sent { return nil }
    let index = zip(received, sent).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    return "\(received.count) of \(sent.count) bytes; the first difference: \(index.map(String.init) ?? "none")"
}

extension [UInt8] {
    init(_ buffer: borrowing Buffer) {
        self = buffer.bytes.withUnsafeBytes { Array($0) }
    }
}
