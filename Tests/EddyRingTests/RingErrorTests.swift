import EddyRing
import Testing

/// Errors say what is wrong and how to fix it.
@Suite("ring: errors")
struct RingErrorTests {
    @Test("The error of a ring that cannot be made names a remedy")
    func remedies() {
        #expect(RingError.unsupported(kernel: "5.15.0-91").description.contains("run Linux 5.19"))
        // The remedy for a kernel that is new enough is not only a newer one.
        for kernel in ["5.19.0", "6.18.44", "unknown"] {
            #expect(RingError.unsupported(kernel: kernel).description.contains("security profile"))
        }
        #expect(RingError.forbidden(byPolicy: true).description.contains("sysctl"))
        #expect(RingError.forbidden(byPolicy: false).description.contains("seccomp"))
        #expect(RingError.lockedMemoryLimit(bytes: 5).description.contains("ulimit -l"))
        let unknown = RingError.environment(variable: "EDDY_ENGINE", value: "kqueue", known: ["uring", "epoll"])
        #expect(unknown.description.contains("EDDY_ENGINE is set to 'kqueue'"))
        #expect(unknown.description.contains("uring, epoll"))
        #expect(RingError.tooManyOpenFiles.description.contains("ulimit -n"))
    }
}
