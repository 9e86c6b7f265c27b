import Foundation
import Testing

extension AcceptanceTests {
    /// Limits that the system sets, and systems that offer less.
    @Suite("echo: system limits")
    struct EchoLimitTests {
        @Test("With more connections than descriptors, a server serves what it can, idles, and resumes later")
        func tooFewDescriptors() async throws {
            let server = try await Server.echo(["--loops", "1"], under: shell("ulimit -n 40"))
            let crowd = try Crowd(at: server)
            try await crowd.open(60)
            let answered = try await crowd.greet()
            #expect(answered >= 10)
            #expect(answered < 40)

            // A server that retries accepting all the time uses all of the second.
            let before = try server.process.processorTime()
            try await Task.sleep(for: .seconds(1))
            #expect(try server.process.processorTime() - before < .milliseconds(300))

            try await crowd.close()
            #expect(try await Mirror.run(at: server, connections: 5, bytes: .MiB(1)) == Mirror(identical: 5))
            try await server.stop(notice: "all 16 connections are in use")
        }

        @Test("A relay short of descriptors lets clients wait, and resets none")
        func relayWithFewDescriptors() async throws {
            let upstream = try await Server.echo(["--loops", "1"])
            let server = try await Server.proxy(to: upstream.port, ["--loops", "1"], under: shell("ulimit -n 64"))
            var peers: [Peer] = []
            for _ in 0..<60 { peers.append(try await Peer.connect(to: server)) }
            for peer in peers {
                let sent = try await peer.send(10)
                #expect(try await peer.receive(10) == sent)
                // The next one is accepted.
                try await peer.finish()
                #expect(try await peer.drain().end == .eof)
            }
            try await server.stop(notice: "all 20 connections are in use")
            try await upstream.stop()
        }

        @Test("A server runs with enough lockable memory for its ring but not for its pool")
        func littleLockedMemory() async throws {
            let little = without(capability: "ipc_lock") + shell("ulimit -l 1024")
            let server = try await Server.echo(["--loops", "1"], under: little)
            #expect(try await Mirror.run(at: server, connections: 5, bytes: .MiB(4)) == Mirror(identical: 5))
            try await server.stop()
        }

        @Test("Without lockable memory for its ring, the client runs on epoll and says so")
        func noLockedMemory() async throws {
            let none = without(capability: "ipc_lock") + shell("ulimit -l 0")
            let target = "127.0.0.1:\(try freePort())"
            let finished = try await RunningCommand.run(none + [Eddy.path, "load", "tcp://\(target)", "-d", "1s"])
            // It gets far enough to find that no server listens.
            #expect(finished.ending == .exit(1))
            #expect(finished.errors.last?.contains(target) == true, "\(finished)")
            // Kernels that do not count a ring's memory give no reason for a notice; nor does an explicit request for
            // epoll.
            if finished.errors.count > 1 {
                #expect(finished.errors[0].contains("using epoll") && finished.errors[0].contains("ulimit -l"))
            }
        }

        @Test("A command that starts without enough descriptors says so and how to fix it", arguments: [13, 20])
        func noDescriptors(limit: Int) async throws {
            let command = shell("ulimit -n \(limit)") + [Eddy.path, "echo", "--listen", "127.0.0.1:0"]
            let finished = try await RunningCommand.run(command)
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: "ulimit -n"), "\(finished)")
        }
    }
}
