/// A server, its attackers, and the limits on their effect.
struct IsolationScenario {
    let name: String
    let service: IsolationService
    let attack: Attack
    let limits: IsolationLimits

    enum Attack {
        case clients(Attackers)
        /// Values that exceed the limit of the loop's pool are stored; then clients send large ones.
        case keptValues(KeptValues)
    }
}
