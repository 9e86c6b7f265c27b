internal import Glibc

/// The current call stack, from backtrace(3): the C library has it on every system, but Swift does not see its header.
///
/// Where it is missing, as in a statically linked program, the stack is empty.
struct CallStack {
    private let addresses: [UInt]

    /// Captures the calls that led here.
    init() {
        guard let backtrace = unsafe Self.functions.backtrace else {
            addresses = []
            return
        }
        let stack = unsafe [UnsafeMutableRawPointer?](unsafeUninitializedCapacity: 40) { stack, count in
            count = unsafe Int(max(0, backtrace(stack.baseAddress, Int32(stack.count))))
        }
        addresses = unsafe stack.map { UInt(bitPattern: $0) }
    }

    /// The calls from outside this module, innermost first: file, function and offset, which `addr2line` translates.
    var callers: [String] {
        var stack = unsafe addresses.map { unsafe UnsafeMutableRawPointer(bitPattern: $0) }
        guard let describe = unsafe Self.functions.symbols, let texts = unsafe describe(&stack, Int32(stack.count))
        else {
            return addresses.map { "0x" + String($0, radix: 16) }
        }
        defer { unsafe free(texts) }
        let places = addresses.indices.map { unsafe texts[$0].map { unsafe String(cString: $0) } ?? "?" }
        let callers = places.drop { $0.contains("11EddyBuffers") }
        return Array(callers.isEmpty ? places[...] : callers)
    }

    @safe
    private struct Functions {
        typealias Backtrace = @convention(c) (UnsafeMutablePointer<UnsafeMutableRawPointer?>?, Int32) -> Int32
        typealias Symbols =
            @convention(c) (UnsafeMutablePointer<UnsafeMutableRawPointer?>?, Int32) -> UnsafeMutablePointer<
                UnsafeMutablePointer<CChar>?
            >?
        let backtrace: Backtrace?
        let symbols: Symbols?
    }

    private static let functions: Functions = {
        let program = unsafe dlopen(nil, RTLD_LAZY)
        let backtrace = unsafe dlsym(program, "backtrace")
        let symbols = unsafe dlsym(program, "backtrace_symbols")
        return unsafe Functions(
            backtrace: backtrace.map { unsafe unsafeBitCast($0, to: Functions.Backtrace.self) },
            symbols: symbols.map { unsafe unsafeBitCast($0, to: Functions.Symbols.self) }
        )
    }()
}
