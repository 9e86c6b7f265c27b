import EddyBuffers

/// A type that claims to be a 64-bit integer, but whose memory holds something else, such as a pointer.
///
/// It represents every number as 7.
struct Disguise: StandardInteger {
    /// The memory's content; 0 unless the value was created from memory.
    let pointer: UInt

    private init() { pointer = 0 }

    static var bitWidth: Int { 64 }
    static var max: Disguise { Disguise() }
    static var min: Disguise { Disguise() }
    static var isSigned: Bool { false }

    init(integerLiteral value: UInt64) { self.init() }
    init(_truncatingBits bits: UInt) { self.init() }
    init<Other: BinaryInteger>(truncatingIfNeeded source: Other) { self.init() }
    init<Other: BinaryInteger>(_ source: Other) { self.init() }
    init<Other: BinaryInteger>(clamping source: Other) { self.init() }
    init?<Other: BinaryInteger>(exactly source: Other) { self.init() }
    init<Other: BinaryFloatingPoint>(_ source: Other) { self.init() }
    init?<Other: BinaryFloatingPoint>(exactly source: Other) { self.init() }

    var words: [UInt] { [7] }
    var magnitude: UInt { 7 }
    var bitWidth: Int { Self.bitWidth }
    var leadingZeroBitCount: Int { 61 }
    var trailingZeroBitCount: Int { 0 }
    var nonzeroBitCount: Int { 3 }
    var byteSwapped: Disguise { self }

    func addingReportingOverflow(_ other: Disguise) -> (partialValue: Disguise, overflow: Bool) { (self, false) }
    func subtractingReportingOverflow(_ other: Disguise) -> (partialValue: Disguise, overflow: Bool) { (self, false) }
    func multipliedReportingOverflow(by other: Disguise) -> (partialValue: Disguise, overflow: Bool) { (self, false) }
    func dividedReportingOverflow(by other: Disguise) -> (partialValue: Disguise, overflow: Bool) { (self, false) }
    func remainderReportingOverflow(dividingBy other: Disguise) -> (partialValue: Disguise, overflow: Bool) {
        (self, false)
    }
    func multipliedFullWidth(by other: Disguise) -> (high: Disguise, low: UInt) { (self, 7) }
    func dividingFullWidth(_ dividend: (high: Disguise, low: UInt)) -> (quotient: Disguise, remainder: Disguise) {
        (self, self)
    }

    static func + (left: Disguise, right: Disguise) -> Disguise { left }
    static func - (left: Disguise, right: Disguise) -> Disguise { left }
    static func * (left: Disguise, right: Disguise) -> Disguise { left }
    static func / (left: Disguise, right: Disguise) -> Disguise { left }
    static func % (left: Disguise, right: Disguise) -> Disguise { left }
    static func += (left: inout Disguise, right: Disguise) {}
    static func -= (left: inout Disguise, right: Disguise) {}
    static func *= (left: inout Disguise, right: Disguise) {}
    static func /= (left: inout Disguise, right: Disguise) {}
    static func %= (left: inout Disguise, right: Disguise) {}
    static func &= (left: inout Disguise, right: Disguise) {}
    static func |= (left: inout Disguise, right: Disguise) {}
    static func ^= (left: inout Disguise, right: Disguise) {}
    static func < (left: Disguise, right: Disguise) -> Bool { false }
}
