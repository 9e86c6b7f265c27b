import EddyRing
import Testing

/// Errors say what is wrong, and what to do.
@Suite("ring: errors")
struct SystemErrorTests {
    @Test("An error number has its text and its name")
    func description() {
        #expect(SystemError.connectionRefused.description == "connection refused (ECONNREFUSED)")
        #expect(SystemError(99_999).description.contains("errno 99999"))
    }

    @Test("A ring that cannot be made names a remedy")
    func remedies() {
        #expect(RingError.unsupported.description.contains("5.19"))
        #expect(RingError.forbidden(byPolicy: true).description.contains("sysctl"))
        #expect(RingError.forbidden(byPolicy: false).description.contains("seccomp"))
        #expect(RingError.lockedMemoryLimit(bytes: 5).description.contains("ulimit -l"))
        let unknown = RingError.environment(variable: "EDDY_ENGINE", value: "kqueue", known: ["uring", "epoll"])
        #expect(unknown.description.contains("EDDY_ENGINE is set to 'kqueue'"))
        #expect(unknown.description.contains("uring, epoll"))
        #expect(RingError.tooManyOpenFiles.description.contains("ulimit -n"))
    }
}
