import CLiburing
import EddyRing
import EddySystem
import Glibc
import Testing

/// A completion is the kernel's `io_uring_cqe`.
@Suite("ring: completion entries")
struct CompletionEntryTests {
    private let token = OperationToken(kind: 3, generation: 4, index: 5)

    @Test("Each field has the offset of the C struct's")
    func layout() {
        #expect(MemoryLayout<CompletionEntry>.stride == 16)
        var cqe = io_uring_cqe()
        cqe.user_data = token.rawValue
        cqe.res = -104
        cqe.flags = UInt32(IORING_CQE_F_MORE) | UInt32(IORING_CQE_F_BUFFER) | 0xABCD << 16
        let entry = withUnsafeBytes(of: cqe) { $0.loadUnaligned(as: CompletionEntry.self) }
        #expect(entry.token == token)
        #expect(entry.error == .connectionReset)
        #expect(!entry.isLast)
        #expect(entry.bufferIndex == 0xABCD)
    }

    @Test("A result is an error if and only if it is negative")
    func errors() {
        #expect(CompletionEntry(token: token, result: 0).error == nil)
        #expect(CompletionEntry(token: token, result: .max).error == nil)
        #expect(CompletionEntry(token: token, result: -ECANCELED).error == .cancelled)
    }

    @Test("A completion without flags is the last one, and used no buffer")
    func plain() {
        let entry = CompletionEntry(token: token, result: 1)
        #expect(entry.isLast)
        #expect(entry.bufferIndex == nil)
    }
}
