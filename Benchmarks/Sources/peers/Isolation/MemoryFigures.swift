/// The server's memory, in bytes: before, during and after an attack.
struct MemoryFigures: Encodable {
    let before: Int
    let peak: Int
    /// At the end of the recovery.
    let after: Int
    let attackers: Int

    /// At the peak.
    var growth: Int { peak - before }
    var growthPerAttacker: Double { Double(growth) / Double(attackers) }
    /// Memory that was not returned.
    var unreturned: Int { after - before }
}
