/// Reads a value repeatedly until it is as wanted, and returns its last state, for the test to judge.
///
/// Only for values in `/proc`. Everything else notifies the tests.
func poll<Fact>(_ read: () throws -> Fact, until isWanted: (Fact) -> Bool) async throws -> Fact {
    let deadline = ContinuousClock.now + .seconds(60)
    var fact = try read()
    while !isWanted(fact), ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(10))
        fact = try read()
    }
    return fact
}
