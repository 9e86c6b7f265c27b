import Synchronization
import Testing

@testable import Eddy

/// Name resolution on threads other than the loop's.
@Suite("client: resolver", .serialized, .timeLimit(.minutes(5)))
struct ResolverTests {
    @Test("localhost resolves, and a connection to it succeeds")
    func localhost() async throws {
        try await withServer { server in
            try await withLoops { group in
                let reply = try await TCPClient(group: group).connect(to: "localhost:\(server.address.port)") {
                    try await $0.exchange([1, 2, 3])
                }
                #expect(reply == [1, 2, 3])
            }
        }
    }

    @Test("Unresolvable names and malformed addresses are reported as such")
    func unresolved() async throws {
        try await withLoops { group in
            let client = TCPClient(group: group)
            // Name servers that do not answer also time out.
            var options = ConnectOptions()
            options.timeout = .seconds(100)
            let error = await #expect(throws: ConnectError.self) {
                try await client.connect(to: "no-such-host.invalid:80", options: options) { _ in }
            }
            guard case .address(.unresolved("no-such-host.invalid", _)) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            await #expect(throws: ConnectError.address(.malformed("nonsense"))) {
                try await client.connect(to: "nonsense") { _ in }
            }
            expectBalance(await group.statistics())
        }
    }

    @Test("A request for a name that is already being resolved joins that lookup")
    func joins() async throws {
        let gate = Gate()
        let count = Mutex(0)
        let resolver = Resolver { _ throws(AddressError) in
            count.withLock { $0 += 1 }
            gate.waitBlocking()
            return [.loopback(port: 0)]
        }
        let answers = Channel<Int>()
        for _ in 0..<100 {
            _ = resolver.addresses(of: "name") { if case .success(let list) = $0 { answers.send(list.count) } }
        }
        gate.open()
        for _ in 0..<100 { #expect(try await answers.next() == 1) }
        #expect(count.withLock { $0 } == 1)
    }

    @Test("No more lookups than allowed run concurrently, and every name is eventually resolved")
    func bounded() async throws {
        struct Running { var (now, most) = (0, 0) }
        let running = Mutex(Running())
        let gate = Gate()
        let resolver = Resolver(maximumThreads: 3) { name throws(AddressError) in
            running.withLock { running in
                running.now += 1
                running.most = max(running.most, running.now)
            }
            defer { running.withLock { $0.now -= 1 } }
            gate.waitBlocking()
            throw .unresolved(name: name, reason: "test")
        }
        let answers = Channel<Void>()
        for number in 0..<200 { _ = resolver.addresses(of: "name-\(number)") { _ in answers.send(()) } }
        try await eventually { running.withLock { $0.now } == 3 }
        #expect(resolver.waitingCount == 197)
        gate.open()
        for _ in 0..<200 { try await answers.next() }
        #expect(running.withLock { $0.most } == 3)
    }

    @Test("When too many names are waiting, a new name fails, and a name that is waiting already is joined")
    func full() async throws {
        let gate = Gate()
        let resolver = Resolver(maximumThreads: 1, maximumWaiting: 2) { _ throws(AddressError) in
            gate.waitBlocking()
            return [.loopback(port: 0)]
        }
        let answers = Channel<Bool>()
        let tell: @Sendable (Resolver.Answer) -> Void = { answers.send((try? $0.get()) != nil) }
        _ = resolver.addresses(of: "running", tell)
        // The resolver's thread removes it from the queue when it reaches it.
        try await eventually { resolver.waitingCount == 0 }
        for name in ["one", "two"] { _ = resolver.addresses(of: name, tell) }
        _ = resolver.addresses(of: "three", tell)
        #expect(try await answers.next() == false)
        _ = resolver.addresses(of: "two", tell)
        gate.open()
        for _ in 0..<4 { #expect(try await answers.next() == true) }
    }

    @Test("A lookup cancelled before it starts never runs; one that has started finishes without a waiter")
    func cancelled() async throws {
        let gate = Gate()
        let names = Mutex<[String]>([])
        let resolver = Resolver(maximumThreads: 1) { name throws(AddressError) in
            names.withLock { $0.append(name) }
            gate.waitBlocking()
            return [.loopback(port: 0)]
        }
        let answers = Channel<String>()
        let begun = resolver.addresses(of: "begun") { _ in answers.send("begun") }
        try await eventually { resolver.waitingCount == 0 }
        let waiting = resolver.addresses(of: "waiting") { _ in answers.send("waiting") }
        resolver.cancel(begun)
        resolver.cancel(waiting)
        resolver.cancel(waiting)
        _ = resolver.addresses(of: "last") { _ in answers.send("last") }
        gate.open()
        #expect(try await answers.next() == "last")
        #expect(names.withLock { $0 } == ["begun", "last"])
    }

    @Test("A task that waits for a silent resolver can be cancelled and times out", arguments: [true, false])
    func silent(cancels: Bool) async throws {
        let gate = Gate()
        defer { gate.open() }
        var options = ConnectOptions()
        options.timeout = cancels ? .seconds(1000) : .milliseconds(20)
        let begun = Channel<Void>()
        options.resolver = Resolver { _ throws(AddressError) in
            begun.send(())
            gate.waitBlocking()
            return [.loopback(port: 0)]
        }
        try await withLoops { [options] group in
            let endpoint = try Endpoint("name:80")
            let task = Task { try await TCPClient(group: group, options: options).connect(to: endpoint) { _ in } }
            if cancels {
                try await begun.next()
                task.cancel()
            }
            await #expect(throws: cancels ? ConnectError.cancelled : .timedOut(endpoint, [])) { try await task.value }
            expectBalance(await group.statistics())
        }
    }
}
