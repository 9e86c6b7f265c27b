import EddyBuffers

/// 10,000 connections hold 100 bytes each among ten times as many short-lived bytes.
enum Retention {
    static func print() {
        let plain = amplification { $0 }
        let compacted = amplification { $0.compacted() }
        Swift.print("\nbytes retained for each live byte, 10,000 x 100 B among 100,000 x 100 B that are dropped:")
        Swift.print("as they are \((plain * 100).rounded() / 100), compacted \((compacted * 100).rounded() / 100)")
    }

    private static func amplification(_ keep: @escaping @Sendable (consuming Buffer) -> Buffer) -> Double {
        onAnotherThread {
            let kept = 10_000
            let slots = UnsafeMutablePointer<Buffer>.allocate(capacity: kept)
            let passing = UnsafeMutablePointer<Buffer>.allocate(capacity: 1)
            passing.initialize(to: Buffer())
            for number in 0..<kept {
                for _ in 0..<10 { passing.pointee = Buffer.alloc100() }
                (slots + number).initialize(to: keep(Buffer.alloc100()))
            }
            let result = BufferPool.current.statistics.amplification
            passing.deinitialize(count: 1)
            passing.deallocate()
            slots.deinitialize(count: kept)
            slots.deallocate()
            return result
        }
    }
}

extension Buffer {
    fileprivate static func alloc100() -> Buffer {
        var buffer = Buffer.allocUnsafe(100)
        buffer.append(repeating: 1, count: 100)
        return buffer
    }
}
