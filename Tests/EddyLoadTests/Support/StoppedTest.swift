import Eddy
import EddyLoad

/// Runs a test until it has made the wanted progress, however fast the machine is, and returns its report.
func report(
    of configuration: LoadTest.Configuration,
    lasting duration: Duration = .seconds(1000),
    until isEnough: (LoadProgress) -> Bool = { $0.requests > 0 }
) async throws -> LoadReport {
    var configuration = configuration
    configuration.duration = duration
    let test = try LoadTest(configuration)
    let (stream, continuation) = AsyncStream<LoadProgress>.makeStream()
    let running = Task {
        defer { continuation.finish() }
        return try await test.run { continuation.yield($0) }
    }
    for await progress in stream where isEnough(progress) { break }
    running.cancel()
    return try await running.value
}
