typealias FileReadID = PlainID<FileReads.Read>

/// The file reads in flight on a loop: the tasks that wait, and the results. Loop thread only.
///
/// A task that has submitted a read waits for its completion even when the task is cancelled: the kernel writes into
/// the task's memory.
struct FileReads {
    enum Read {
        /// Submitted; the task is about to wait, or waits.
        case inFlight(Waiter?)
        case done(Int32)
    }

    private var reads: [FileReadID: Read] = [:]
    private var last: UInt32 = 0

    var isEmpty: Bool { reads.isEmpty }

    mutating func begin() -> FileReadID {
        repeat { last &+= 1 } while reads[FileReadID(index: Int(last))] != nil
        let id = FileReadID(index: Int(last))
        reads[id] = .inFlight(nil)
        return id
    }

    mutating func wait(_ id: FileReadID, _ suspension: Waiter) {
        reads[id] = .inFlight(suspension)
    }

    mutating func complete(_ id: FileReadID, result: Int32) -> Waiter? {
        guard case .inFlight(let suspension) = reads[id] else { return nil }
        reads[id] = .done(result)
        return suspension
    }

    /// Takes the result of a completed read and removes the read.
    mutating func end(_ id: FileReadID) -> Int32? {
        guard case .done(let result) = reads[id] else { return nil }
        reads[id] = nil
        return result
    }
}
