import ArgumentParser
import Eddy
import Testing

@testable import EddyCommand

/// How a server's options translate into configuration. The acceptance tests cover the behaviour of the running
/// command.
@Suite("command: server options")
struct ServerOptionsTests {
    @Test("--memory is shared by the loops")
    func memory() throws {
        let two = try ServerOptions.parse(["--loops", "2", "--memory", "256m"]).configuration()
        #expect(two.pool.maximumBytes == 128 << 20)
        let least = try ServerOptions.parse(["--loops", "3", "--memory", "12m"]).configuration()
        #expect(least.pool.maximumBytes == 4 << 20)
    }

    @Test("Without --memory each loop has the library's default")
    func memoryByDefault() throws {
        let configuration = try ServerOptions.parse([]).configuration()
        #expect(configuration.pool.maximumBytes == EventLoop.Configuration().pool.maximumBytes)
    }

    @Test("--memory below two slabs for each loop is rejected with the minimum")
    func tooLittleMemory() throws {
        let options = try ServerOptions.parse(["--loops", "3", "--memory", "11m"])
        let error = #expect(throws: ValidationError.self) { _ = try options.configuration() }
        #expect(error?.message.contains("at least 12m") == true)
    }

    @Test("There are as many loops as processors that the process may use")
    func loops() throws {
        #expect(try ServerOptions.parse([]).loops == EventLoopGroup.processorCount)
    }

    @Test("--idle-timeout reaches the loops, and without it connections have no idle timeout")
    func idleTimeout() throws {
        #expect(try ServerOptions.parse(["--idle-timeout", "90s"]).configuration().timeouts.idle == .seconds(90))
        #expect(try ServerOptions.parse([]).configuration().timeouts.idle == nil)
    }

    @Test(
        "--keepalive reaches the sockets: six probes at most ten seconds apart after the silence",
        arguments: [
            ([], [.keepAlive(idle: .seconds(60), interval: .seconds(10), count: 6)]),
            (["--keepalive", "1s"], [.keepAlive(idle: .seconds(1), interval: .seconds(1), count: 6)]),
            (["--keepalive", "2h"], [.keepAlive(idle: .seconds(7200), interval: .seconds(10), count: 6)]),
            (["--keepalive", "off"], []),
        ] as [([String], [TCPOption])]
    )
    func keepalive(arguments: [String], expected: [TCPOption]) throws {
        let options = try ServerOptions.parse(arguments)
        #expect(options.options(descriptorsEach: 1).socketOptions == expected)
    }

    @Test(
        "Rejects invalid values of --keepalive",
        arguments: ["", "on", "Off", "60", "0s", "999ms", "32768s", "10h", "-1s"]
    )
    func badKeepalive(text: String) {
        #expect(throws: (any Error).self) { _ = try ServerOptions.parse(["--keepalive=\(text)"]) }
    }
}
