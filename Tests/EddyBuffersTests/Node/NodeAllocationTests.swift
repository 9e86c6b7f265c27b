import EddyBuffers
import Synchronization
import Testing

// The rows of the table in Documentation.docc/NodeBuffer.md. Expectations are the examples of Node's documentation
// (https://nodejs.org/api/buffer.html) where it has any.

@Suite struct NodeAllocationTests {
    @Test func alloc() {
        #expect(Buffer.alloc(5).array() == [0, 0, 0, 0, 0])
        #expect(Buffer.alloc(5).freeCapacity == 0)
    }

    @Test func allocFill() throws {
        #expect(Buffer.alloc(5, fill: "a").text(.hex) == "6161616161")
        #expect(Buffer.alloc(10, fill: 1).array() == [UInt8](repeating: 1, count: 10))
        var repeated = Buffer.alloc(11)
        let pattern = try Buffer.from("aGVsbG8gd29ybGQ=", .base64)
        repeated.fill(pattern.bytes)
        #expect(repeated.text(.hex) == "68656c6c6f20776f726c64")
    }

    @Test func allocUnsafe() {
        var buffer = Buffer.allocUnsafe(10)
        // Node's example shows old bytes here; Eddy shows none.
        #expect(buffer.count == 0 && buffer.capacity == 10)
        buffer.append(repeating: 0, count: 10)
        #expect(buffer.array() == [UInt8](repeating: 0, count: 10))
        #expect(Buffer(capacity: 10).capacity == 10)
    }

    @Test func allocUnsafeSlow() {
        onAnotherThread {
            let buffer = Buffer.allocUnsafeSlow(10)
            precondition(buffer.capacity == 10)
            precondition(BufferPool.current.statistics.slabs == 0, "not pooled")
            precondition(BufferPool.current.statistics.dedicatedBuffers == 1)
        }
    }

    @Test func poolSize() {
        // 8 KiB in Node.js up to v26.2, 64 KiB from then on.
        #expect(BufferPool.poolSize == 65536)
    }

    @Test func fromArray() {
        let buffer = Buffer.from([0x62, 0x75, 0x66, 0x66, 0x65, 0x72])
        #expect(buffer.text() == "buffer")
        // Node takes the lowest eight bits of other numbers; `UInt8` makes that explicit.
        let numbers: [Double] = [257, 257.5, -255, 1]
        let lowest = Buffer.from(numbers.map { UInt8(truncatingIfNeeded: Int($0)) })
        #expect(lowest.array() == [1, 1, 1, 1])
    }

    @Test func fromBuffer() {
        var first = Buffer.from("buffer")
        let second = Buffer.from(copying: first.bytes)
        first.store(UInt8(0x61), at: 0)
        #expect(first.text() == "auffer")
        #expect(second.text() == "buffer")
    }

    @Test func copyBytesFrom() {
        let numbers: [UInt16] = [0, 0xFFFF]
        var buffer = Buffer.from(copying: numbers.span.bytes.extracting(2..<4))
        #expect(buffer.text(.hex) == "ffff")
        buffer.fill(0)
        #expect(numbers[1] == 0xFFFF)
    }

    @Test func fromString() throws {
        let first = Buffer.from("this is a tést")
        let second = try Buffer.from("7468697320697320612074c3a97374", .hex)
        #expect(first.text() == "this is a tést")
        #expect(second.text() == "this is a tést")
        #expect(first.text(.latin1) == "this is a tÃ©st")
    }

    @Test func fromArrayBuffer() {
        let freed = Atomic<Int>(0)
        onAnotherThreadBorrowing(freed) { pointer in
            nonisolated(unsafe) let freed = pointer
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 8)
            memory.storeBytes(of: UInt16(5000).littleEndian, as: UInt16.self)
            memory.storeBytes(of: UInt16(4000).littleEndian, toByteOffset: 2, as: UInt16.self)
            var buffer = Buffer.adopting(memory) { memory in
                memory.deallocate()
                freed.pointee.add(1, ordering: .relaxed)
            }
            precondition(buffer.text(.hex) == "8813a00f")
            precondition(buffer.address == UInt(bitPattern: memory.baseAddress), "shares the memory")
            memory.storeBytes(of: UInt16(6000).littleEndian, toByteOffset: 2, as: UInt16.self)
            precondition(buffer.text(.hex) == "88137017")
            let part = buffer.splitFirst(2)
            buffer = Buffer()
            precondition(freed.pointee.load(ordering: .relaxed) == 0)
            hold(part)
        }
        #expect(freed.load(ordering: .relaxed) == 1)
    }

    /// Adopted memory is freed once, even if its pool is closed first.
    @Test func adoptedMemoryIsFreedAfterItsPool() {
        let freed = Atomic<Int>(0)
        let held = Mutex<DetachedBuffer?>(nil)
        withUnsafePointer(to: held) { held in
            let held = UInt(bitPattern: held)
            onAnotherThreadBorrowing(freed) { pointer in
                nonisolated(unsafe) let freed = pointer
                let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 8)
                let buffer = Buffer.adopting(memory) { memory in
                    memory.deallocate()
                    freed.pointee.add(1, ordering: .relaxed)
                }
                let parcel = Parcel(buffer.detach())
                UnsafePointer<Mutex<DetachedBuffer?>>(bitPattern: held)!.pointee.withLock { $0 = parcel.take() }
            }
        }
        #expect(freed.load(ordering: .relaxed) == 0)
        held.withLock { $0 = nil }
        #expect(freed.load(ordering: .relaxed) == 1)
    }

    @Test func concat() {
        let parts = [10, 14, 18].map { Buffer.alloc($0).share() }
        #expect(Buffer(concatenating: parts).count == 42)
        let words = ["hello", ", ", "world"].map { Buffer.from($0).share() }
        #expect(Buffer(concatenating: words).text() == "hello, world")
        #expect(Buffer(concatenating: words, count: 8).text() == "hello, w")
        #expect(Buffer(concatenating: words, count: 14).text(.hex) == "68656c6c6f2c20776f726c640000")
        #expect(Buffer(concatenating: []).count == 0)
    }

    @Test func byteLength() throws {
        #expect(try Buffer.byteCount(of: "\u{00BD} + \u{00BC} = \u{00BE}") == 12)
        #expect(try Buffer.byteCount(of: "aGVsbG8gd29ybGQ=", .base64) == 11)
        #expect(try Buffer.byteCount(of: "½", .utf16le) == 2)
        #expect(try Buffer.byteCount(of: "½", .latin1) == 1)
    }

    @Test func isEncoding() {
        #expect(TextEncoding(named: "utf8") == .utf8)
        #expect(TextEncoding(named: "hex") == .hex)
        #expect(TextEncoding(named: "utf/8") == nil)
        #expect(TextEncoding(named: "") == nil)
        #expect(TextEncoding(named: "UCS-2") == .utf16le)
        #expect(TextEncoding(named: "base64url") == .base64url)
    }
}

/// Runs `body` on a new thread with the address of a value that cannot be captured.
func onAnotherThreadBorrowing<Value: ~Copyable & Sendable>(
    _ value: borrowing Value,
    _ body: @escaping @Sendable (UnsafePointer<Value>) -> Void
) {
    withUnsafePointer(to: value) { pointer in
        let address = UInt(bitPattern: pointer)
        onAnotherThread { body(UnsafePointer(bitPattern: address)!) }
    }
}
