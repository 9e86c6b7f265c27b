import Foundation

/// Prints the running case when a trap ends the process: a test that crashes reports nothing itself.
///
/// The text lies in memory that never moves, so that a signal handler may read it.
struct CrashWatch: @unchecked Sendable {
    static let shared = CrashWatch()

    private static let room = 32 << 10
    private let text = UnsafeMutablePointer<UInt8>.allocate(capacity: room)
    private let count = UnsafeMutablePointer<Int>.allocate(capacity: 1)

    private init() {
        count.initialize(to: 0)
        for signal in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT] {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { _ in CrashWatch.shared.report() }
            // The handler is reset before it is called: the instruction traps again, and the process ends.
            action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
            sigaction(signal, &action, nil)
        }
    }

    func begin(_ what: String, _ input: [UInt8]) {
        let bytes = Array("\nfuzzing when the process ended: \(what)\(input)\n".utf8.prefix(Self.room))
        text.update(from: bytes, count: bytes.count)
        count.pointee = bytes.count
    }

    func end() { count.pointee = 0 }

    private func report() {
        if count.pointee > 0 { _ = write(2, text, count.pointee) }
    }
}
