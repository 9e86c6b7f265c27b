import ArgumentParser
import Foundation

/// How a result is printed.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case markdown
    case json

    func print<Result: Encodable>(_ result: Result, asMarkdown text: (Result) -> String) throws {
        switch self {
        case .markdown:
            Swift.print(text(result))
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            // A quantile without values.
            encoder.nonConformingFloatEncodingStrategy = .convertToString(
                positiveInfinity: "infinity",
                negativeInfinity: "-infinity",
                nan: "nan"
            )
            Swift.print(String(decoding: try encoder.encode(result), as: UTF8.self))
        }
    }
}
