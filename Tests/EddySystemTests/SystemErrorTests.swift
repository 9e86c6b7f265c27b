import EddySystem
import Testing

@Suite("system: errors")
struct SystemErrorTests {
    @Test("An error number has its text and its name")
    func description() {
        #expect(SystemError.connectionRefused.description == "connection refused (ECONNREFUSED)")
        #expect(SystemError(99_999).description.contains("errno 99999"))
    }
}
