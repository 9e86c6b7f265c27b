import Testing

@testable import peers

struct SystemCallTests {
    @Test func strace() {
        let calls = CallTracer.parse(
            """
                calls syscall
            --------- ----------------
                   50 accept4
                 1200 io_uring_enter
            --------- ----------------
                 1250 total
            """
        )
        #expect(calls.map(\.name) == ["io_uring_enter", "accept4"])
        #expect(calls.map(\.count) == [1200, 50])
    }

    @Test func perf() {
        #expect(CallCounter.parse("# started on Tue\n\n1234,,raw_syscalls:sys_enter,500,100.00,,\n") == 1234)
        #expect(CallCounter.parse("# started on Tue\n\n<not supported>,,raw_syscalls:sys_enter,0,100.00,,\n") == nil)
        #expect(CallCounter.parse("") == nil)
    }
}
