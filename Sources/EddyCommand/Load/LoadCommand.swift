import ArgumentParser
import Eddy
import EddyLoad

/// `eddy load`: loads an echo server and reports.
struct LoadCommand: LoopCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Load a server that sends back what it receives, and report.",
        discussion: """
            Each connection keeps a number of requests outstanding and sends the next one as soon as a reply is \
            complete (a closed loop). SIGINT and SIGTERM end the test early and print the report up to then; a second \
            one ends the command immediately. Exit code: 0; 1 when connections or bytes failed; 2 for wrong arguments; \
            130 after SIGINT and 143 after SIGTERM.
            """
    )

    @Argument(
        help: ArgumentHelp("The server.", valueName: "tcp://host:port"),
        transform: LoadTarget.argument
    )
    var target: LoadTarget

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Connections, all open at the same time (default: 50).", valueName: "n"),
        transform: Int.count(upTo: 1_000_000)
    )
    var connections = 50

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("How long requests are counted: 500ms, 10s, 1m (default: 10s).", valueName: "dur"),
        transform: Duration.argument
    )
    var duration = Duration.seconds(10)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Event loops, each with its own thread (default: one per two processors).", valueName: "n"),
        transform: Int.count(upTo: 1024)
    )
    var threads = LoadTest.Configuration.defaultLoops

    @Option(
        name: [.customShort("p"), .customLong("pipeline")],
        help: ArgumentHelp("Outstanding requests on each connection (default: 1).", valueName: "depth"),
        transform: Int.count(upTo: 1_000_000)
    )
    var depth = 1

    @Option(
        help: ArgumentHelp("Bytes of a request and of its reply (default: 64).", valueName: "bytes"),
        transform: Int.byteCount(upTo: 1 << 30)
    )
    var size = 64

    @Option(
        help: ArgumentHelp("How long requests are sent before they are counted (default: 500ms).", valueName: "dur"),
        transform: Duration.argument
    )
    var warmup = Duration.milliseconds(500)

    @Flag(help: "Compare every received byte with what was sent.")
    var verify = false

    @Option(help: ArgumentHelp("Output format: text or json.", valueName: "format"))
    var format = LoadReportFormat.text

    func validate() throws {
        guard duration > .zero else {
            throw ValidationError("the duration must be more than 0; write for example -d 10s")
        }
    }

    func run() async throws {
        try OpenFileLimit.raise()
        let report: LoadReport
        let interruption: Interruption
        do {
            let test = try LoadTest(configuration)
            let running = Task(executorPreference: MainThreadExecutor.shared) {
                try await test.run(onProgress: Self.show, onStart: EngineNotice.print)
            }
            interruption = Interruption { running.cancel() }
            report = try await running.value
        } catch {
            Self.clearProgress()
            throw CommandFailure("\(error)")
        }
        Self.clearProgress()
        try Terminal.printResult(format.text(of: report))
        if report.interrupted, let exitCode = interruption.exitCode { throw ExitCode(exitCode) }
        if let failure = Self.failure(of: report) { throw CommandFailure(failure) }
    }

    /// Why the server failed the test, and how to fix it; nil if it passed.
    private static func failure(of report: LoadReport) -> String? {
        if let failure = report.verificationFailure { return "\(failure)" }
        guard report.requests > 0 else {
            return "no request was answered in time; check that the server sends back what it receives"
        }
        guard report.errors > 0 else { return nil }
        return "\(report.errors) connections failed (\(report.errorsByKind.text)); check the server's log"
    }

    var loopCount: Int { min(threads, connections) }

    private var configuration: LoadTest.Configuration {
        var configuration = LoadTest.Configuration(target: target.endpoint)
        configuration.connections = connections
        configuration.duration = duration
        configuration.warmup = warmup
        configuration.loops = loopCount
        configuration.depth = depth
        configuration.messageSize = size
        configuration.verifies = verify
        return configuration
    }

    // MARK: Progress

    private static func clearProgress() {
        if Terminal.isWatched { Terminal.showProgress("") }
    }

    @Sendable private static func show(_ progress: LoadProgress) {
        guard Terminal.isWatched else { return }
        let errors = progress.errors == 0 ? "" : ", \(progress.errors) errors"
        Terminal.showProgress(
            "\(Figure.seconds(progress.seconds)) of \(Figure.seconds(progress.totalSeconds)): "
                + "\(Figure.count(progress.requestsPerSecond)) requests per second\(errors)"
        )
    }
}
