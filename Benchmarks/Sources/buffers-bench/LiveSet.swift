import EddyBuffers
import Glibc
import NIOCore
import ThreadTime

/// Each new buffer replaces the oldest of 64.
enum LiveSet {
    private static let count = 1_000_000
    private static let live = 64

    static func eddy(_ size: Int) -> Double {
        let slots = UnsafeMutablePointer<Buffer>.allocate(capacity: live)
        for index in 0..<live { (slots + index).initialize(to: Buffer.allocUnsafe(size)) }
        defer {
            slots.deinitialize(count: live)
            slots.deallocate()
        }
        return nanosecondsEach(count) {
            for index in 0..<count { slots[index & (live - 1)] = Buffer.allocUnsafe(size) }
        }
    }

    static func malloc(_ size: Int) -> Double {
        var slots = [UnsafeMutableRawPointer?](repeating: nil, count: live)
        defer { for slot in slots { free(slot) } }
        return slots.withUnsafeMutableBufferPointer { slots in
            nanosecondsEach(count) {
                for index in 0..<count {
                    free(slots[index & (live - 1)])
                    slots[index & (live - 1)] = Glibc.malloc(size)
                }
            }
        }
    }

    static func nio(_ size: Int) -> Double {
        let allocator = ByteBufferAllocator()
        var slots = (0..<live).map { _ in allocator.buffer(capacity: size) }
        return slots.withUnsafeMutableBufferPointer { slots in
            nanosecondsEach(count) {
                for index in 0..<count { slots[index & (live - 1)] = allocator.buffer(capacity: size) }
            }
        }
    }
}
