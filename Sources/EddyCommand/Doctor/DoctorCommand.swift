import ArgumentParser
import Eddy

/// `eddy doctor`: reports what this system offers, what Eddy uses of it, and how to get the rest.
struct DoctorCommand: LoopCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Report what this system offers, what Eddy uses of it, and how to get the rest.",
        discussion: """
            EDDY_ENGINE=uring|epoll chooses the engine. EDDY_DISABLE=NAME,… turns off features by name, or all that \
            are newer than a kernel: tier-6.1, tier-5.19. Exit code: 0; 1 when no engine is available; 2 for wrong \
            arguments.
            """
    )

    @Option(help: ArgumentHelp("Output format: text or json.", valueName: "format"))
    var format = Format.text

    @Option(
        help: ArgumentHelp("Event loops of the server to diagnose (default: one per processor).", valueName: "n"),
        transform: Int.count(upTo: 1024)
    )
    var loops = EventLoopGroup.processorCount

    var loopCount: Int { loops }

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    func run() async throws {
        let diagnosis: Diagnosis
        do { diagnosis = try Diagnosis(loops: loops) } catch { throw CommandFailure("\(error)") }
        try Terminal.printResult(format == .text ? diagnosis.text : diagnosis.json)
    }
}
