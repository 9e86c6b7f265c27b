import Synchronization

/// Notes of several tasks, in order.
final class Notes<Note: Sendable>: Sendable {
    private let notes = Mutex([Note]())

    var contents: [Note] { notes.withLock { $0 } }

    func append(_ note: Note) { notes.withLock { $0.append(note) } }
}

typealias Record = Notes<Int>

extension Record {
    var numbers: [Int] { contents }
}
