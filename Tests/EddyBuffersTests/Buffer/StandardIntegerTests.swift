import EddyBuffers
import Testing

/// Integers in memory: their bytes are read and written as a number only, never reinterpreted.
@Suite struct StandardIntegerTests {
    private static func roundTrip<Integer: StandardInteger>(_ type: Integer.Type) throws {
        for value in [0, 1, .max, .min, Integer.max / 3] {
            for endianness in [Endianness.big, .little] {
                var buffer = Buffer.allocUnsafe(64)
                buffer.append(UInt8(0xFF))
                buffer.append(value, endianness: endianness)
                buffer.append(repeating: 0xFF, count: 20)
                let size = Integer.bitWidth / 8
                #expect(buffer.count == 21 + size)
                // The digits, most significant first.
                let digits = (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * (size - 1 - $0))) }
                #expect(Array(buffer.array()[1...size]) == (endianness == .big ? digits : digits.reversed()))
                #expect(buffer.load(at: 1, endianness: endianness) == value)
                buffer.store(value, at: 3, endianness: endianness)
                #expect(buffer.load(at: 3, endianness: endianness) == value)
                #expect(buffer.count == 21 + size)
                var cursor = Cursor(buffer.bytes)
                try cursor.skip(3)
                #expect(try cursor.read(Integer.self, endianness: endianness) == value)
                #expect(cursor.offset == 3 + size)
            }
        }
    }

    @Test func eachOneIsLoadedAsItWasStored() throws {
        try Self.roundTrip(UInt8.self)
        try Self.roundTrip(UInt16.self)
        try Self.roundTrip(UInt32.self)
        try Self.roundTrip(UInt64.self)
        try Self.roundTrip(UInt128.self)
        try Self.roundTrip(UInt.self)
        try Self.roundTrip(Int8.self)
        try Self.roundTrip(Int16.self)
        try Self.roundTrip(Int32.self)
        try Self.roundTrip(Int64.self)
        try Self.roundTrip(Int128.self)
        try Self.roundTrip(Int.self)
    }

    /// Otherwise bytes of a peer could become, for example, the address of a function.
    @Test func bytesNeverBecomeAValueOfATypeOfTheProgramsOwn() throws {
        let buffer = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8])
        #expect(buffer.load(at: 0, as: Disguise.self).pointer == 0)
        var cursor = Cursor(buffer.bytes)
        #expect(try cursor.read(Disguise.self).pointer == 0)
    }

    @Test func aValueOfATypeOfTheProgramsOwnShowsItsNumberAndNotItsMemory() {
        var buffer = Buffer.allocUnsafe(8)
        buffer.append(Disguise.max)
        #expect(buffer.array() == [0, 0, 0, 0, 0, 0, 0, 7])
    }

    @Test func aFewBytesAreNotEnough() async {
        await #expect(processExitsWith: .failure) { _ = Buffer.from([1, 2, 3]).load(at: 0, as: UInt32.self) }
        await #expect(processExitsWith: .failure) { _ = Buffer.from([1, 2, 3]).load(at: 3, as: UInt8.self) }
        await #expect(processExitsWith: .failure) { _ = Buffer.from([1, 2, 3]).load(at: -1, as: UInt8.self) }
    }
}
