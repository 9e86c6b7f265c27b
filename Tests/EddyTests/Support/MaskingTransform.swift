import EddyBuffers
import Testing

@testable import Eddy

/// A transform with all that a real one has: a handshake, records that bytes are cut into, masked and padded, and an end
/// of the stream of its own. A record:
///
///     ┌──────┬────────┬─────────┬────────────────┬─────────┐
///     │ kind │ length │ padding │ payload ⊕ key  │ zeros   │
///     └──────┴────────┴─────────┴────────────────┴─────────┘
///       1      2        1         length           padding
final class MaskingTransform: ConnectionTransform, @unchecked Sendable {
    private enum Kind: UInt8 {
        case hello = 1
        case data
        case end
    }

    /// What masks the bytes that this side sends.
    private let key: UInt8
    private var peerKey: UInt8?
    private var hasEnded = false
    /// Bytes of a record that is not complete.
    private var partial: [UInt8] = []
    private let longestRecord: Int
    /// Records that have been sent.
    private(set) var recordsSent = 0

    init(key: UInt8 = 0x5A, longestRecord: Int = 1000) {
        self.key = key
        self.longestRecord = longestRecord
    }

    func start(_ context: TransformContext) { send(.hello, [key], context) }

    func received(_ slice: Slice, _ context: TransformContext) {
        let bytes = UnsafeRawBufferPointer(start: slice.start, count: Int(slice.count))
        partial += bytes
        slice.drop()
        while partial.count >= 4 {
            let (length, padding) = (Int(partial[1]) << 8 | Int(partial[2]), Int(partial[3]))
            guard partial.count >= 4 + length + padding else { return }
            let (kind, payload) = (Kind(rawValue: partial[0]), Array(partial[4..<4 + length]))
            partial.removeFirst(4 + length + padding)
            guard take(kind, payload, context) else { return context.fail(SystemError.protocolError.code) }
        }
    }

    private func take(_ kind: Kind?, _ payload: [UInt8], _ context: TransformContext) -> Bool {
        switch (kind, peerKey) {
        case (.hello, nil) where payload.count == 1:
            peerKey = payload[0]
            context.becomeReady()
        case (.data, let peerKey?) where !hasEnded && !payload.isEmpty:
            context.deliver(Buffer.from(payload.map { $0 ^ peerKey }).relinquish())
        case (.end, .some) where payload.isEmpty && !hasEnded:
            hasEnded = true
            context.endStream()
        default: return false
        }
        return true
    }

    func receivedEnd(_ context: TransformContext) {
        if hasEnded { Issue.record("FIN after the end of the transform's stream concerns the socket only") }
        // The stream was cut off.
        context.fail(SystemError.connectionReset.code)
    }

    func write(_ slice: Slice, _ context: TransformContext) {
        let bytes = UnsafeRawBufferPointer(start: slice.start, count: Int(slice.count)).map { $0 ^ key }
        slice.drop()
        for start in stride(from: 0, to: bytes.count, by: longestRecord) {
            send(.data, Array(bytes[start..<min(start + longestRecord, bytes.count)]), context)
        }
    }

    func end(_ context: TransformContext) { send(.end, [], context) }

    private func send(_ kind: Kind, _ payload: [UInt8], _ context: TransformContext) {
        let padding = UInt8(recordsSent % 7)
        recordsSent += 1
        let head = [kind.rawValue, UInt8(payload.count >> 8), UInt8(payload.count & 0xff), padding]
        context.send(Buffer.from(head + payload + [UInt8](repeating: 0, count: Int(padding))).relinquish())
    }
}
