/// The report of `isolation-attackers`.
struct AttackReport: Codable {
    /// Connections made, including reconnections.
    let connections: Int
    let refused: Int
    /// Connections that the server ended, and seconds from the attack's start to the first.
    let ended: Int
    let firstEndedS: Double
    let sentBytes: Int
}
