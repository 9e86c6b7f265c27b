/// The reads of files that are in flight on a loop, by number: who waits, and what came of it. Loop thread only.
///
/// Whoever has submitted a read waits for its completion, whatever happens meanwhile: the kernel writes into his
/// memory.
struct FileReads {
    enum Read {
        /// Submitted; the task is about to wait, or waits.
        case inFlight(Suspension?)
        case done(Int32)
    }

    private var reads: [UInt32: Read] = [:]
    private var last: UInt32 = 0

    var isEmpty: Bool { reads.isEmpty }

    mutating func begin() -> UInt32 {
        repeat { last &+= 1 } while reads[last] != nil
        reads[last] = .inFlight(nil)
        return last
    }

    mutating func wait(_ number: UInt32, _ suspension: Suspension) {
        reads[number] = .inFlight(suspension)
    }

    mutating func complete(_ number: UInt32, result: Int32) -> Suspension? {
        guard case .inFlight(let suspension) = reads[number] else { return nil }
        reads[number] = .done(result)
        return suspension
    }

    /// The result, and the end of it.
    mutating func end(_ number: UInt32) -> Int32? {
        guard case .done(let result) = reads[number] else { return nil }
        reads[number] = nil
        return result
    }
}
