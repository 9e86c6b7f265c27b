import EddyBuffers
import Testing

@Suite struct NodeNumberTests {
    @Test func readIntegers() {
        let signed = Buffer.from([UInt8(bitPattern: -1), 5])
        #expect(signed.load(at: 0, as: Int8.self) == -1)
        #expect(signed.load(at: 1, as: Int8.self) == 5)
        let short = Buffer.from([0, 5])
        #expect(short.load(at: 0, as: Int16.self) == 5)
        #expect(short.load(at: 0, as: Int16.self, endianness: .little) == 1280)
        let int = Buffer.from([0, 0, 0, 5])
        #expect(int.load(at: 0, as: Int32.self) == 5)
        #expect(int.load(at: 0, as: Int32.self, endianness: .little) == 83_886_080)
        let unsigned = Buffer.from([0x12, 0x34, 0x56])
        #expect(unsigned.load(at: 0, as: UInt16.self) == 0x1234)
        #expect(unsigned.load(at: 0, as: UInt16.self, endianness: .little) == 0x3412)
        #expect(unsigned.load(at: 1, as: UInt16.self) == 0x3456)
        #expect(unsigned.load(at: 1, as: UInt16.self, endianness: .little) == 0x5634)
        let word = Buffer.from([0x12, 0x34, 0x56, 0x78])
        #expect(word.load(at: 0, as: UInt32.self) == 0x1234_5678)
        #expect(word.load(at: 0, as: UInt32.self, endianness: .little) == 0x7856_3412)
    }

    @Test func readBigIntegers() {
        let long = Buffer.from([0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF])
        #expect(long.load(at: 0, as: UInt64.self) == 4_294_967_295)
        #expect(long.load(at: 0, as: UInt64.self, endianness: .little) == 18_446_744_069_414_584_320)
        #expect(long.load(at: 0, as: Int64.self, endianness: .little) == -4_294_967_296)
    }

    @Test func readIntegersOfAnyWidth() {
        let buffer = Buffer.from([0x12, 0x34, 0x56, 0x78, 0x90, 0xAB])
        #expect(buffer.loadUnsigned(at: 0, byteCount: 6) == 0x1234_5678_90AB)
        #expect(buffer.loadUnsigned(at: 0, byteCount: 6, endianness: .little) == 0xAB90_7856_3412)
        #expect(buffer.loadSigned(at: 0, byteCount: 6) == 0x1234_5678_90AB)
        #expect(buffer.loadSigned(at: 0, byteCount: 6, endianness: .little) == -0x546F_87A9_CBEE)
        #expect(Buffer.from([0xFF]).loadSigned(at: 0, byteCount: 1) == -1)
        #expect(Buffer.alloc(8, fill: 0xFF).loadUnsigned(at: 0, byteCount: 8) == .max)
    }

    @Test func readFloats() {
        let buffer = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8])
        #expect(buffer.loadDouble(at: 0) == 8.20788039913184e-304)
        #expect(buffer.loadDouble(at: 0, endianness: .little) == 5.447603722011605e-270)
        #expect(buffer.loadFloat(at: 0) == 2.387939260590663e-38)
        #expect(buffer.loadFloat(at: 0, endianness: .little) == 1.539989614439558e-36)
    }

    @Test func writeIntegers() {
        var buffer = Buffer.alloc(4)
        buffer.store(UInt8(3), at: 0)
        buffer.store(UInt8(4), at: 1)
        buffer.store(UInt8(0x23), at: 2)
        buffer.store(UInt8(0x42), at: 3)
        #expect(buffer.text(.hex) == "03042342")
        buffer.store(UInt16(0xDEAD), at: 0)
        buffer.store(UInt16(0xBEEF), at: 2)
        #expect(buffer.text(.hex) == "deadbeef")
        buffer.store(UInt16(0xDEAD), at: 0, endianness: .little)
        buffer.store(UInt16(0xBEEF), at: 2, endianness: .little)
        #expect(buffer.text(.hex) == "addeefbe")
        buffer.store(UInt32(0xFEED_FACE), at: 0)
        #expect(buffer.text(.hex) == "feedface")
        buffer.store(UInt32(0xFEED_FACE), at: 0, endianness: .little)
        #expect(buffer.text(.hex) == "cefaedfe")
        buffer.store(Int32(0x0102_0304), at: 0)
        #expect(buffer.text(.hex) == "01020304")
        buffer.store(Int32(0x0506_0708), at: 0, endianness: .little)
        #expect(buffer.text(.hex) == "08070605")
        buffer.store(Int8(2), at: 0)
        buffer.store(Int8(-2), at: 1)
        #expect(buffer.array().prefix(2) == [0x02, 0xFE])
    }

    @Test func writeBigIntegers() {
        var buffer = Buffer.alloc(8)
        buffer.store(Int64(0x0102_0304_0506_0708), at: 0)
        #expect(buffer.text(.hex) == "0102030405060708")
        buffer.store(UInt64(0xDECA_FAFE_CACE_FADE), at: 0)
        #expect(buffer.text(.hex) == "decafafecacefade")
        buffer.store(UInt64(0xDECA_FAFE_CACE_FADE), at: 0, endianness: .little)
        #expect(buffer.text(.hex) == "defacecafefacade")
    }

    @Test func writeIntegersOfAnyWidth() {
        var buffer = Buffer.alloc(6)
        buffer.store(0x1234_5678_90AB, at: 0, byteCount: 6)
        #expect(buffer.text(.hex) == "1234567890ab")
        buffer.store(0x1234_5678_90AB, at: 0, byteCount: 6, endianness: .little)
        #expect(buffer.text(.hex) == "ab9078563412")
        buffer.store(-2, at: 0, byteCount: 3)
        #expect(buffer.text(.hex) == "fffffe563412")
        buffer.store(0xFF, at: 0, byteCount: 1)
        #expect(buffer[0] == 0xFF)
    }

    @Test func writeFloats() {
        var buffer = Buffer.alloc(8)
        buffer.store(123.456, at: 0)
        #expect(buffer.text(.hex) == "405edd2f1a9fbe77")
        buffer.store(123.456, at: 0, endianness: .little)
        #expect(buffer.text(.hex) == "77be9f1a2fdd5e40")
        buffer.store(Float(bitPattern: 0xCAFE_BABE), at: 0)
        #expect(buffer.text(.hex, in: 0..<4) == "cafebabe")
        buffer.store(Float(bitPattern: 0xCAFE_BABE), at: 0, endianness: .little)
        #expect(buffer.text(.hex, in: 0..<4) == "bebafeca")
    }

    /// Node throws ERR_OUT_OF_RANGE; an offset that the program computed wrongly traps here.
    @Test(arguments: [-1, 2, Int.max, Int.min])
    func aNumberOutsideOfTheBufferTraps(offset: Int) async {
        await #expect(processExitsWith: .failure) { [offset] in
            _ = Buffer.from([0, 5]).load(at: offset, as: Int8.self)
        }
        await #expect(processExitsWith: .failure) { [offset] in
            _ = Buffer.from([0, 5]).loadUnsigned(at: offset, byteCount: 1)
        }
        await #expect(processExitsWith: .failure) { [offset] in
            var buffer = Buffer.from([0, 5])
            buffer.store(UInt8(1), at: offset)
        }
    }

    @Test func aValueThatDoesNotFitTraps() async {
        await #expect(processExitsWith: .failure) {
            var buffer = Buffer.alloc(8)
            buffer.store(0x100, at: 0, byteCount: 1)
        }
        await #expect(processExitsWith: .failure) {
            var buffer = Buffer.alloc(8)
            buffer.store(-129, at: 0, byteCount: 1)
        }
    }

    @Test func cursor() throws {
        let buffer = Buffer.from([0, 2, 0x68, 0x69, 0x2A, 0, 0, 0, 1])
        var cursor = Cursor(buffer.bytes)
        let length = try cursor.read(UInt16.self)
        let word = try cursor.read(byteCount: Int(length)).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        let number = try cursor.read(UInt32.self, endianness: .little)
        #expect(word == "hi" && number == 42)
        #expect(cursor.offset == 8 && cursor.remaining == 1)
        do {
            _ = try cursor.read(UInt16.self)
            Issue.record("one byte is not a UInt16")
        } catch {
            #expect(error.offset == 8 && error.needed == 2 && error.remaining == 1)
            #expect("\(error)" == "2 bytes are needed at offset 8, and 1 are left; read more bytes and try again")
        }
        // Nothing was lost.
        #expect(cursor.remaining == 1)
        try cursor.skip(1)
        #expect(cursor.remaining == 0)
    }
}
