import EddySystem

/// The latest of several event times, and the loop's estimate of the latest event that it can know of.
///
/// The loop knows of every completion before the end of its last wait. Later ones may still be in its completion queue.
/// The loop may date an event to the end of the wait before it, because its clock does not advance within an iteration.
struct LatestMoment {
    private(set) var latest: Instant
    private var waitBefore: Instant
    private var known: Instant

    init(_ moment: Instant) { (latest, waitBefore, known) = (moment, moment, moment) }

    mutating func note(_ moment: Instant, lastWait: Instant) {
        known = known(lastWait: lastWait)
        (latest, waitBefore) = (moment, lastWait)
    }

    func known(lastWait: Instant) -> Instant { latest < lastWait ? waitBefore : known }
}
