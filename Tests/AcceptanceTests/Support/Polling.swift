/// Reads a fact again and again until it is as wanted, and returns what it was at last, for the test to judge.
///
/// For what only `/proc` tells. Everything else tells by itself.
func poll<Fact>(_ read: () throws -> Fact, until isWanted: (Fact) -> Bool) async throws -> Fact {
    let deadline = ContinuousClock.now + .seconds(60)
    var fact = try read()
    while !isWanted(fact), ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(10))
        fact = try read()
    }
    return fact
}
