/// A service, clients that harm it, and how much its healthy clients may notice.
struct IsolationScenario {
    let name: String
    let service: IsolationService
    let attack: Attack
    let limits: IsolationLimits

    enum Attack {
        case clients(Attackers)
        /// Values are stored until they take more than the loop's pool may have; then clients send large ones.
        case keptValues(KeptValues)
    }
}

/// Scenarios that differ in the number of attackers only.
struct IsolationFamily: Sendable {
    let name: String
    /// How many attackers there are, one scenario for each.
    let counts: [Int]
    let service: IsolationService
    let attackers: Attackers
    /// Those of a number of attackers.
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
