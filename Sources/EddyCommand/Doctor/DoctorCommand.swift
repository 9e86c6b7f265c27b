import ArgumentParser
import Eddy

/// `eddy doctor`: says what this system offers, what is used of it, and how to get the rest.
struct DoctorCommand: LoopCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what this system offers, what is used, and how to get what is missing.",
        discussion: """
            EDDY_ENGINE=uring|epoll chooses what performs the operations. EDDY_DISABLE=NAME,… turns off features by \
            their names, or all that came after a kernel: tier-6.1, tier-5.19. Exit code: 0; 1 when no engine can be \
            had; 2 for wrong arguments.
            """
    )

    @Option(help: ArgumentHelp("What the diagnosis looks like: text or json.", valueName: "format"))
    var format = Format.text

    @Option(
        help: ArgumentHelp("Event loops of the server to diagnose (default: one a processor).", valueName: "n"),
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
