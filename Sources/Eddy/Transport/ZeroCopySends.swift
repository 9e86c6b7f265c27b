/// The zero-copy sends of a loop that the kernel has not let go of, by number. Loop thread only.
///
/// A send is here from its submission to its notification. Its slices are in the connection's queue until the first
/// completion, and here from then on; by then the connection may be gone.
struct ZeroCopySends {
    struct Send {
        /// The connection's slot, and its generation, since others may have the slot when the notification comes.
        var slot: UInt32
        var generation: UInt32
        /// Whether the first completion has not come: the connection's send is in flight.
        var isSending = true
        /// Slices that the kernel may still read, though they have been sent.
        var held = SliceQueue()
    }

    private var sends: [Send?] = []
    private var free: [UInt32] = []

    /// Sends whose last completion has not come.
    private(set) var count = 0

    mutating func begin(_ send: Send) -> UInt32 {
        count += 1
        if let number = free.popLast() {
            sends[Int(number)] = send
            return number
        }
        sends.append(send)
        return UInt32(sends.count - 1)
    }

    subscript(number: UInt32) -> Send? {
        get { sends[Int(number)] }
        set { sends[Int(number)] = newValue }
    }

    mutating func end(_ number: UInt32) {
        count -= 1
        sends[Int(number)] = nil
        free.append(number)
    }

    /// Calls `body` with the slices of each send that the kernel may still read.
    mutating func forEachHeld(_ body: (inout SliceQueue) -> Void) {
        for index in sends.indices where sends[index] != nil { body(&sends[index]!.held) }
    }

    /// The send that a connection has in flight.
    func number(sendingFor slot: UInt32, generation: UInt32) -> UInt32? {
        sends.firstIndex { $0?.slot == slot && $0?.generation == generation && $0?.isSending == true }.map(UInt32.init)
    }
}
