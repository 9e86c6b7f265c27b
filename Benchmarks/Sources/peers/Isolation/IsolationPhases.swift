/// The phases of a run, in seconds.
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
    /// The most seconds after which memory is measured again.
    var recovery = 15

    /// Seconds for which the probe continues after the attack.
    static let after = 2

    var probeSeconds: Int { quiet + attack + Self.after }

    /// Seconds in which answers count as undisturbed.
    var quietSeconds: Range<Int> { 1..<quiet }
    var attackSeconds: Range<Int> { quiet..<quiet + attack }
    /// Seconds of the attack without its beginning.
    var settledSeconds: Range<Int> { quiet + 1..<quiet + attack }
}
