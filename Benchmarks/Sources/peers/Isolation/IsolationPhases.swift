/// What happens in which second of a run.
///
///     0    1        quiet               quiet + attack
///     │    │   quiet  │      attack       │  after        recovery
///     ├────┼──────────┼────┬──────────────┼─────────┄┄┄┄┄┄┄┄┄┄┄┄┤
///     warm-up          ▲    ▲ settled      the attackers are gone
///                      the attackers come
struct IsolationPhases: Encodable {
    /// Seconds of the probe alone. The first is a warm-up and does not count.
    var quiet = 4
    /// Seconds with attackers.
    var attack = 8
    /// How many seconds later at most the memory is looked at again.
    var recovery = 15

    /// For how long the probe goes on after the attack.
    static let after = 2

    var probeSeconds: Int { quiet + attack + Self.after }

    /// Seconds in which answers count as undisturbed.
    var quietSeconds: Range<Int> { 1..<quiet }
    var attackSeconds: Range<Int> { quiet..<quiet + attack }
    /// Those of the attack in which its beginning is over.
    var settledSeconds: Range<Int> { quiet + 1..<quiet + attack }
}
