import EddyBuffers
import NIOCore
import ThreadTime

/// A buffer is shared, copied once, and dropped.
enum Sharing {
    private static let count = 300_000

    /// Without the cost of allocating and filling the buffer.
    static func eddy(_ size: Int) -> Double {
        let bytes = [UInt8](repeating: 1, count: size)
        let whole = nanosecondsEach(count) {
            for _ in 0..<count {
                let shared = Buffer.from(copying: bytes.span).share()
                let copy = shared
                keep(shared)
                keep(copy)
            }
        }
        let buffers = nanosecondsEach(count) {
            for _ in 0..<count { keep(Buffer.from(copying: bytes.span)) }
        }
        return whole - buffers
    }

    static func nio(_ size: Int) -> Double {
        let allocator = ByteBufferAllocator()
        let bytes = [UInt8](repeating: 1, count: size)
        var buffer = allocator.buffer(capacity: size)
        buffer.writeBytes(bytes)
        return nanosecondsEach(count) {
            for _ in 0..<count {
                let shared = buffer
                let copy = shared
                keep(shared)
                keep(copy)
            }
        }
    }
}
