import Foundation

/// Compiles small programs that import Eddy, as a user's package does, against the modules that these tests were built
/// with.
enum SwiftCompiler {
    /// The result of compiling a program.
    struct Outcome {
        let isCompiled: Bool
        /// Errors and warnings.
        let diagnostics: String
    }

    /// The path of `swiftc`: on the search path, or in the toolchain whose runtime library these tests use. Nil if not
    /// found.
    static let path: String? = {
        let places = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
        let runtime = maps.split(separator: "\n").first { $0.contains("/usr/lib/swift/linux/libswiftCore.so") }
        let toolchain = runtime.flatMap { line -> String? in
            guard let start = line.firstIndex(of: "/") else { return nil }
            return line[start...].components(separatedBy: "/lib/swift/linux/")[0] + "/bin"
        }
        return (places + [toolchain].compactMap(\.self))
            .map { $0 + "/swiftc" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// Compiles `source` up to the checks that follow type checking: ownership, lifetimes, and concurrency.
    ///
    /// The program is compiled in Swift 6 mode with strict memory safety, and may not use `unsafe`.
    static func compile(_ source: String) async throws -> Outcome {
        try await blocking {
            let directory = FileManager.default.temporaryDirectory.appending(path: "eddy-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: directory) }
            let program = directory.appending(path: "Program.swift")
            try source.write(to: program, atomically: true, encoding: .utf8)
            return try run(arguments + [program.path])
        }
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        .standardizedFileURL.path

    /// The directory of the built modules: next to the tests.
    private static let modules = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "Modules").path

    private static let arguments = [
        "-emit-sil", "-o", "/dev/null", "-parse-as-library", "-module-name", "Program", "-swift-version", "6",
        "-strict-memory-safety", "-warnings-as-errors",
        "-I", modules, "-I", root + "/Sources/CEddyBuffers/include", "-I", root + "/Sources/CLiburing",
    ]

    private static func run(_ arguments: [String]) throws -> Outcome {
        guard let path else { throw CocoaError(.fileNoSuchFile) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let output = Pipe()
        process.standardError = output
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let diagnostics = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let isCompiled = process.terminationReason == .exit && process.terminationStatus == 0
        return Outcome(isCompiled: isCompiled, diagnostics: diagnostics)
    }
}
