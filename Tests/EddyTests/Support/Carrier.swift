import EddyBuffers
import Synchronization

/// Carries a buffer to another thread.
final class Carrier: @unchecked Sendable {
    private let buffer: Mutex<Buffer?>

    init(_ buffer: consuming sending Buffer) {
        self.buffer = Mutex(consume buffer)
    }

    func take() -> sending Buffer? {
        buffer.withLock { buffer in
            var taken: Buffer?
            swap(&taken, &buffer)
            return taken
        }
    }

    func drop() { _ = take() }
}
