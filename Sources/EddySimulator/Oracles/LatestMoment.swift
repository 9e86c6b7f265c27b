/// The latest of several event times, and the loop's estimate of the latest event that it can know of.
///
/// The loop knows of every completion before the end of its last wait. Later ones may still be in its completion queue.
/// The loop may date an event to the end of the wait before it, because its clock does not advance within an iteration.
struct LatestMoment {
    private(set) var latest: UInt64
    private var waitBefore: UInt64
    private var known: UInt64

    init(_ moment: UInt64) { (latest, waitBefore, known) = (moment, moment, moment) }

    mutating func note(_ moment: UInt64, lastWait: UInt64) {
        known = known(lastWait: lastWait)
        (latest, waitBefore) = (moment, lastWait)
    }

    func known(lastWait: UInt64) -> UInt64 { latest < lastWait ? waitBefore : known }
}
