internal import Eddy

/// Takes a test through its phases; see the diagram in `LoadTest.swift`.
struct Timekeeper: Sendable {
    let window: MeasurementWindow
    private let configuration: LoadTest.Configuration
    private let recorders: [LoadRecorder]
    private let connected: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)

    init(_ configuration: LoadTest.Configuration, window: MeasurementWindow, recorders: [LoadRecorder]) {
        self.configuration = configuration
        self.window = window
        self.recorders = recorders
        connected = AsyncStream.makeStream()
    }

    /// Records that a connection was made for the first time. Any thread.
    func noteConnected() { connected.continuation.yield() }

    /// Keeps the time until the end of the test. Returns early if the task is cancelled.
    func run(_ onProgress: (LoadProgress) -> Void) async {
        var missing = configuration.connections
        for await _ in connected.stream {
            missing -= 1
            if missing == 0 { break }
        }
        guard !Task.isCancelled else { return window.close(at: MonotonicClock.now) }
        let start = MonotonicClock.now.advanced(by: configuration.warmup)
        let end = start.advanced(by: configuration.duration)
        window.open(from: start, until: end)
        do {
            while case let now = MonotonicClock.now, now < end {
                try await Task.sleep(for: .nanoseconds(min(Self.tick, now.nanoseconds(to: end))))
                let seconds = window.seconds(at: MonotonicClock.now)
                onProgress(LoadProgress(seconds: seconds, counts: .sum(of: recorders), of: configuration))
            }
            try await Task.sleep(for: Self.drainTime)
            window.endDrain()
        } catch {
            window.close(at: MonotonicClock.now)
        }
    }

    /// Nanoseconds between two progress reports.
    private static let tick: UInt64 = 500_000_000
    /// How long to wait for replies that are outstanding at the end.
    private static let drainTime = Duration.seconds(5)
}
