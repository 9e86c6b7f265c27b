/// Completions that come in order, however late each may be.
final class PostSequence {
    /// When the last one will be posted.
    var last: UInt64 = 0
    /// How many are on their way.
    var onTheirWay = 0
}
