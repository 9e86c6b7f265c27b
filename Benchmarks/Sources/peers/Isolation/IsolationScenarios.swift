/// All scenarios. `echo-push` names all scenarios of a family; `echo-push-50` is one with 50 attackers.
enum IsolationScenarios {
    static let families = [
        IsolationFamily(name: "echo-push", counts: [20, 100, 500, 2000], service: .echo, attackers: .pushing),
        IsolationFamily(
            name: "echo-push-reconnect",
            counts: [20, 500],
            service: .echo,
            attackers: .pushing.with(reconnects: true)
        ),
        IsolationFamily(
            name: "echo-push-timeouts",
            counts: [20, 500],
            service: .small("echo", ["--read-timeout", "1", "--write-timeout", "1"]),
            attackers: .pushing
        ),
        // The first byte tells the upstream what to do: see isolation-upstream.
        IsolationFamily(name: "relay-push", counts: [20, 500], service: .relay, attackers: .pushing.with(first: "e")),
        IsolationFamily(name: "relay-pull", counts: [20, 500], service: .relay, attackers: .silent.with(first: "g")),
        IsolationFamily(
            name: "relay-slow-upstream",
            counts: [20, 500],
            service: .relay,
            attackers: .pushing.with(first: "x")
        ),
        IsolationFamily(name: "one-byte", counts: [2000], service: .small("line"), attackers: .silent.with(first: "x")),
        IsolationFamily(name: "dribble", counts: [2000], service: .small("line"), attackers: .dribbling),
        IsolationFamily(
            name: "frames",
            counts: [600],
            service: .small("frame", form: .frame),
            attackers: .silent.with(frame: "1m", opening: "200k")
        ),
        IsolationFamily(
            name: "frames-dribble",
            counts: [600],
            service: .small("frame", form: .frame),
            attackers: .dribbling.with(frame: "1m", opening: "200k")
        ),
        // They connect one after the other, so that each may pin another chunk of memory.
        IsolationFamily(
            name: "holders",
            counts: [500],
            service: .small("holder", holds: true),
            attackers: .silent.with(first: "h", opening: "63", spread: 2)
        ),
        IsolationFamily(
            name: "blast",
            counts: [1, 8, 100],
            service: .small("line"),
            attackers: .blasting,
            limits: IsolationLimits.init(blasters:)
        ),
    ]

    static let keptValues = IsolationScenario(
        name: "kept-values",
        service: .small("store", form: .record),
        attack: .keptValues(KeptValues()),
        limits: .keptValues
    )

    static let all = families.flatMap { family in family.counts.map(family.scenario) } + [keptValues]

    /// - Throws: ``PeersError`` if the name is unknown.
    static func named(_ name: String) throws -> [IsolationScenario] {
        if name == keptValues.name { return [keptValues] }
        if let family = families.first(where: { $0.name == name }) { return family.counts.map(family.scenario) }
        if let dash = name.lastIndex(of: "-"), let count = Int(name[name.index(after: dash)...]),
            (1...5000).contains(count), let family = families.first(where: { $0.name == name[..<dash] })
        {
            return [family.scenario(attackers: count)]
        }
        let known = (families.map(\.name) + [keptValues.name]).joined(separator: ", ")
        throw PeersError("unknown scenario '\(name)'; expected one of \(known), or with a number, echo-push-50")
    }
}
