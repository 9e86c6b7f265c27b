/// Waits until `condition` holds. The test's time limit ends it if it never does.
func eventually(_ condition: () async throws -> Bool) async throws {
    while !(try await condition()) { try await Task.sleep(for: .milliseconds(2)) }
}
