/// Scenarios that differ only in the number of attackers.
struct IsolationFamily: Sendable {
    let name: String
    /// Numbers of attackers, one scenario for each.
    let counts: [Int]
    let service: IsolationService
    let attackers: Attackers
    /// The limits for a number of attackers.
    var limits: @Sendable (Int) -> IsolationLimits = IsolationLimits.init(attackers:)

    func scenario(attackers count: Int) -> IsolationScenario {
        var attackers = self.attackers
        attackers.count = count
        return IsolationScenario(
            name: "\(name)-\(count)",
            service: service,
            attack: .clients(attackers),
            limits: limits(count)
        )
    }
}
