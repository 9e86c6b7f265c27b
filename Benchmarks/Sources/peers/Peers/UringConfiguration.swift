/// The configuration of a server with the io_uring engine in C.
struct UringConfiguration: Equatable {
    let chunks: Int
    let kibibytes: Int
    /// Consecutive receives fill a chunk (kernel 6.12). Otherwise each takes a chunk.
    var isIncremental = false
    var sendsInline = false
    var registersFiles = false

    var arguments: [String] {
        ["--chunks", "\(chunks)", "--chunk-size", "\(kibibytes)k"] + flags.map { "--\($0)" }
    }

    /// For example 16x256k-incremental, which `--peers` accepts.
    var name: String {
        (["\(chunks)x\(kibibytes)k"] + flags).joined(separator: "-")
    }

    /// For example "16×256 KiB incremental".
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
