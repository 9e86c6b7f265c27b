import Synchronization

/// Numbers that tasks note, in the order in which they do.
final class Record: Sendable {
    private let contents = Mutex([Int]())

    var numbers: [Int] { contents.withLock { $0 } }

    func append(_ number: Int) { contents.withLock { $0.append(number) } }
}
