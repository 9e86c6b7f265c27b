import EddyBuffers
import Glibc
import ThreadTime

/// One thread allocates and another drops: measures the drop there, and taking the memory back here.
enum Returning {
    private static let batch = 4000
    private static let batches = 20

    static func eddy(_ size: Int) -> Double {
        let slots = UnsafeMutablePointer<DetachedBuffer>.allocate(capacity: batch)
        defer { slots.deallocate() }
        let address = UInt(bitPattern: slots)
        var total = 0.0
        for _ in 0..<batches {
            for index in 0..<batch { (slots + index).initialize(to: Buffer.allocUnsafe(size).detach()) }
            total += onAnotherThread {
                nanosecondsEach(batch) {
                    _ = UnsafeMutablePointer<DetachedBuffer>(bitPattern: address)!.deinitialize(count: batch)
                }
            }
            total += nanosecondsEach(batch) { _ = BufferPool.current.statistics }
        }
        return total / Double(batches)
    }

    static func malloc(_ size: Int) -> Double {
        let slots = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: batch)
        defer { slots.deallocate() }
        let address = UInt(bitPattern: slots)
        var total = 0.0
        for _ in 0..<batches {
            for index in 0..<batch { slots[index] = Glibc.malloc(size) }
            total += onAnotherThread {
                let slots = UnsafeMutablePointer<UnsafeMutableRawPointer?>(bitPattern: address)!
                return nanosecondsEach(batch) { for index in 0..<batch { free(slots[index]) } }
            }
        }
        return total / Double(batches)
    }
}
