import Eddy
import Foundation
import Testing

/// The examples of the README and of the documentation catalogue are in `DocumentationExamples.swift`, so they compile.
@Suite("documentation")
struct DocumentationTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..")

    @Test(
        "Every documented example compiles",
        arguments: [
            "README.md", "Sources/Eddy/Documentation.docc/Eddy.md", "Sources/Eddy/Documentation.docc/GettingStarted.md",
            "Sources/Eddy/Documentation.docc/Timeouts.md",
        ]
    )
    func examples(file: String) throws {
        let compiled = try Self.lines(of: "Tests/EddyTests/DocumentationExamples.swift").joined(separator: "\n")
        let examples = try Self.examples(in: Self.lines(of: file))
        #expect(!examples.isEmpty)
        for example in examples where !example.contains("// Package.swift") {
            #expect(compiled.contains(example), "\(example)")
        }
    }

    @Test("Every file and name in the life of a byte exists")
    func lifeOfAByte() throws {
        let page = try String(
            contentsOf: Self.root.appending(path: "Sources/Eddy/Documentation.docc/LifeOfAByte.md"),
            encoding: .utf8
        )
        // `Folder/File.swift`: `name`, `name`
        let hops = page.matches(of: /`([\w\/+]+\.swift)`: ((?:`\w+`(?:, )?)+)/)
        #expect(hops.count > 25)
        for hop in hops {
            let source = try String(
                contentsOf: Self.root.appending(path: "Sources/Eddy/\(hop.output.1)"),
                encoding: .utf8
            )
            for name in hop.output.2.matches(of: /`(\w+)`/).map(\.output.1) {
                let isDeclared = source.contains("func \(name)(") || source.contains("func \(name)<")
                let isDeinit = name == "deinit" && source.contains("deinit {")
                #expect(isDeclared || isDeinit, "\(name) in \(hop.output.1)")
            }
        }
    }

    /// A file's lines without indentation, imports and empty lines.
    private static func lines(of file: String) throws -> [String] {
        try String(contentsOf: root.appending(path: file), encoding: .utf8)
            .split(separator: "\n")
            .map { $0.trimmingCharacters(in: .whitespaces).replacing(/\s+\/\/\s/, with: "  // ") }
            .filter { !$0.isEmpty && !$0.hasPrefix("import ") }
    }

    /// The text between "```swift" and "```".
    private static func examples(in lines: [String]) -> [String] {
        lines.joined(separator: "\n").components(separatedBy: "```swift\n").dropFirst().map {
            $0.components(separatedBy: "\n```")[0]
        }
    }
}
