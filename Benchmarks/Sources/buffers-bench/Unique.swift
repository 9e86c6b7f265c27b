import EddyBuffers
import Glibc
import NIOCore
import ThreadTime

/// A single buffer, allocated and dropped.
enum Unique {
    private static let count = 1_000_000

    static func eddy(_ size: Int) -> Double {
        nanosecondsEach(count) {
            for _ in 0..<count {
                var buffer = Buffer.allocUnsafe(size)
                buffer.append(1 as UInt8)
                keep(buffer)
            }
        }
    }

    static func malloc(_ size: Int) -> Double {
        nanosecondsEach(count) {
            for _ in 0..<count {
                let memory = Glibc.malloc(size)!
                memory.storeBytes(of: 1, as: UInt8.self)
                use(memory)
                free(memory)
            }
        }
    }

    static func nio(_ size: Int) -> Double {
        let allocator = ByteBufferAllocator()
        return nanosecondsEach(count) {
            for _ in 0..<count {
                var buffer = allocator.buffer(capacity: size)
                buffer.writeInteger(1 as UInt8)
                keep(buffer)
            }
        }
    }
}

@inline(never)
@_optimize(none)
func keep(_ buffer: borrowing Buffer) {}

@inline(never)
@_optimize(none)
func keep(_ buffer: ByteBuffer) {}

@inline(never)
@_optimize(none)
func keep(_ buffer: SharedBuffer) {}
