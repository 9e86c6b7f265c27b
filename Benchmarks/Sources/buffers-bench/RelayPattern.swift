import EddyBuffers
import Glibc
import NIOCore
import ThreadTime

/// The pattern of a relay: it allocates a buffer of 64 to 4,096 bytes, writes to it, holds up to 64 of them, and drops
/// them in another order. Two threads do this at once; a figure is that of one thread.
enum RelayPattern {
    private static let count = 300_000
    private static let live = 64

    /// The same sizes and indices for all.
    private struct Numbers {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        mutating func next() -> (size: Int, place: Int) {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return (64 + Int(state >> 32 & 4095) * 4032 / 4095, Int(state & 63))
        }
    }

    private static func onTwoThreads(_ body: @escaping @Sendable () -> Double) -> Double {
        let threads = (0..<2).map { _ in startThread(body) }
        return threads.map { $0.wait() }.reduce(0, +) / 2
    }

    static func eddy() -> Double {
        onTwoThreads {
            let slots = UnsafeMutablePointer<Buffer>.allocate(capacity: live)
            for index in 0..<live { (slots + index).initialize(to: Buffer()) }
            defer {
                slots.deinitialize(count: live)
                slots.deallocate()
            }
            var numbers = Numbers()
            return nanosecondsEach(count) {
                for _ in 0..<count {
                    let (size, place) = numbers.next()
                    var buffer = Buffer.allocUnsafe(size)
                    buffer.append(UInt64(1))
                    slots[place] = buffer
                }
            }
        }
    }

    static func malloc() -> Double {
        onTwoThreads {
            let slots = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: live)
            slots.initialize(repeating: nil, count: live)
            defer {
                for index in 0..<live { free(slots[index]) }
                slots.deallocate()
            }
            var numbers = Numbers()
            return nanosecondsEach(count) {
                for _ in 0..<count {
                    let (size, place) = numbers.next()
                    let memory = Glibc.malloc(size)!
                    memory.storeBytes(of: 1, as: UInt64.self)
                    free(slots[place])
                    slots[place] = memory
                }
            }
        }
    }

    static func nio() -> Double {
        onTwoThreads {
            let allocator = ByteBufferAllocator()
            var slots = [ByteBuffer](repeating: ByteBuffer(), count: live)
            var numbers = Numbers()
            return slots.withUnsafeMutableBufferPointer { slots in
                nanosecondsEach(count) {
                    for _ in 0..<count {
                        let (size, place) = numbers.next()
                        var buffer = allocator.buffer(capacity: size)
                        buffer.writeInteger(UInt64(1))
                        slots[place] = buffer
                    }
                }
            }
        }
    }
}
