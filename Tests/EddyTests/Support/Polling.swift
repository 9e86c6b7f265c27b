import Testing

/// Waits until `condition` holds; fails after a time in which the system itself would end anything that hangs.
func eventually(sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(100)
    while !(try await condition()) {
        try #require(.now < end, "the condition did not hold in time", sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(2))
    }
}
