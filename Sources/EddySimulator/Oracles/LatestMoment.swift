/// The latest of some moments, and what the loop takes for the latest of those that it can know of.
///
/// It knows of everything that had completed before its last wait ended: what completed at that moment, or since, may
/// still be in its completion queue. For its time it may take the end of its wait before the moment, since its time
/// stands still within an iteration.
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
