import Testing

@testable import peers

struct LoadCaseTests {
    @Test(arguments: [
        ("1x64", LoadCase(connections: 1, size: 64)),
        ("50x16k", LoadCase(connections: 50, size: 16384)),
        ("50X64X16", LoadCase(connections: 50, size: 64, depth: 16)),
    ])
    func isReadFromItsShortForm(text: String, expected: LoadCase) {
        #expect(LoadCase(argument: text) == expected)
    }

    @Test(arguments: [
        "", "50", "x", "50x", "x64", "0x64", "50x0", "50x64x0", "-1x64", "1x64x1x1", "50x64m", "1x9999999k",
    ])
    func isNotReadFromAnythingElse(text: String) {
        #expect(LoadCase(argument: text) == nil)
    }

    @Test func hasANameForPeople() {
        #expect(LoadCase(connections: 50, size: 64).name == "50×64 B")
        #expect(LoadCase(connections: 8, size: 256 << 10).name == "8×256 KiB")
        #expect(LoadCase(connections: 50, size: 64, depth: 16).name == "50×64 B depth 16")
    }

    @Test func listsAreAllOrNothing() {
        let list = CommaSeparated<LoadCase>(argument: "1x64,50x16k")
        #expect(list?.elements == [LoadCase(connections: 1, size: 64), LoadCase(connections: 50, size: 16384)])
        #expect(CommaSeparated<LoadCase>(argument: "1x64,") == nil)
    }
}
