import Testing

@testable import peers

struct IsolationScenariosTests {
    @Test func aFamilyNamesAllOfItsScenarios() throws {
        let names = try IsolationScenarios.named("echo-push").map(\.name)
        #expect(names == ["echo-push-20", "echo-push-100", "echo-push-500", "echo-push-2000"])
    }

    @Test func aNumberChoosesTheAttackers() throws {
        let scenarios = try IsolationScenarios.named("echo-push-reconnect-50")
        #expect(scenarios.map(\.name) == ["echo-push-reconnect-50"])
        #expect(scenarios.map(\.attack.count) == [50])
        #expect(try IsolationScenarios.named("kept-values").map(\.name) == ["kept-values"])
    }

    @Test(arguments: ["", "echo", "echo-push-", "echo-push-0", "echo-push-x", "-20"])
    func unknownNamesAreRefused(name: String) {
        #expect(throws: PeersError.self) { try IsolationScenarios.named(name) }
    }

    @Test func namesAreUnique() {
        let names = IsolationScenarios.all.map(\.name)
        #expect(Set(names).count == names.count)
    }
}
