/// How a server of the io_uring engine in C is configured.
struct UringConfiguration: Equatable {
    let chunks: Int
    let kibibytes: Int
    /// Receives fill a chunk one behind the other (kernel 6.12). Otherwise each takes a chunk.
    var isIncremental = false
    var sendsInline = false
    var registersFiles = false

    var arguments: [String] {
        ["--chunks", "\(chunks)", "--chunk-size", "\(kibibytes)k"] + flags.map { "--\($0)" }
    }

    /// Such as 16x256k-incremental, which `--peers` takes.
    var name: String {
        (["\(chunks)x\(kibibytes)k"] + flags).joined(separator: "-")
    }

    /// Such as "16×256 KiB incremental".
    var description: String {
        (["\(chunks)×\(kibibytes) KiB"] + flags).joined(separator: " ")
    }

    private var flags: [String] {
        [
            isIncremental ? "incremental" : nil, sendsInline ? "inline-sends" : nil,
            registersFiles ? "registered-files" : nil,
        ].compactMap(\.self)
    }
}
