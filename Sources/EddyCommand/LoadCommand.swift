import ArgumentParser
import Eddy
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "load")
    @Argument(transform: LoadTarget.argument) var target: LoadTarget
}
