import EddyBuffers
import EddySystem
import Testing

@testable import Eddy

/// Peers that are silent, slow or dead.
@Suite("connection: timeouts", .serialized, .timeLimit(.minutes(5)))
struct TimeoutTests {
    // MARK: The owner waits for something else

    @Test(
        "A peer is reset by a timeout at once, though the handler waits for something else",
        arguments: FeatureSet.allCases
    )
    func handlerElsewhere(set: FeatureSet) async throws {
        let gate = Gate()
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            guard try await connection.read(exactly: 1) != nil else { return }
            connection.timeouts.idle = .milliseconds(20)
            await gate.wait()
            #expect(connection.remoteAddress == nil)
            #expect(throws: ConnectionError.idleTimedOut) { try connection.information() }
            #expect(throws: ConnectionError.idleTimedOut) { try connection.set(.noDelay(true)) }
            // What came before is still there.
            let rest = try await connection.read(exactly: 2)
            #expect(rest?.count == 2)
            errors.send(await connection.errorOfReading())
            await #expect(throws: ConnectionError.idleTimedOut) { try await connection.write("late") }
        }
        let statistics = try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1, 2, 3])
            #expect(try await peer.receiveUntilBroken().error == .connectionReset)
            gate.open()
            #expect(try await errors.next() == .idleTimedOut)
        }
        #expect(statistics.idleTimeouts == 1)
    }

    // MARK: Reading

    @Test("A read gives up after its timeout, and the connection is as it was", arguments: FeatureSet.allCases)
    func readTimeout(set: FeatureSet) async throws {
        let timedOut = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            connection.timeouts.read = .milliseconds(20)
            timedOut.send(await connection.errorOfReading())
            timedOut.send(await connection.errorOfReading())
            connection.timeouts.read = nil
            while let bytes = try await connection.read() { try await connection.write(bytes) }
        }
        let statistics = try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(try await timedOut.next() == .readTimedOut)
            #expect(try await timedOut.next() == .readTimedOut)
            let bytes = randomBytes(100_000)
            async let sent: Void = peer.send(bytes)
            #expect(difference(try await peer.receive(bytes.count), from: bytes) == nil)
            try await sent
            peer.close()
        }
        #expect(statistics.readTimeouts == 2)
        #expect(statistics.timers == 0)
    }

    @Test("The loop's timeouts are a connection's first ones, on either side")
    func defaults() async throws {
        var configuration = EventLoop.Configuration()
        configuration.timeouts = .init(read: .milliseconds(10), write: .seconds(50), idle: .seconds(60))
        let seen = Channel<Connection.Timeouts>()
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            seen.send(connection.timeouts)
            errors.send(await connection.errorOfReading())
        }
        let listener = try PeerListener()
        try await withServer(configuration: configuration, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(try await seen.next() == configuration.timeouts)
            #expect(try await errors.next() == .readTimedOut)
            peer.close()
            let loop = server.group.next()
            try await loop.run {
                try await loop.connect(to: listener.address) { connection in
                    seen.send(connection.timeouts)
                    errors.send(await connection.errorOfReading())
                    connection.timeouts = .init()
                    seen.send(connection.timeouts)
                }
            }
            #expect(try await seen.next() == configuration.timeouts)
            #expect(try await errors.next() == .readTimedOut)
            #expect(try await seen.next() == .init())
            try await listener.accept().close()
            try await eventually { await loop.statistics().connections == 0 }
        }
    }

    @Test("A peer that dribbles does not outlast a deadline, though each of its bytes comes in time")
    func slowloris() async throws {
        let outcome = Channel<(received: Int, error: ConnectionError?)>()
        let handler: TCPServer.Handler = { connection in
            connection.timeouts.read = .seconds(30)
            let received = Record()
            do throws(ConnectionError) {
                try await connection.withReadDeadline(after: .milliseconds(300)) { () throws(ConnectionError) in
                    while let bytes = try await connection.read() { received.append(bytes.count) }
                }
                outcome.send((received.numbers.reduce(0, +), nil))
            } catch {
                outcome.send((received.numbers.reduce(0, +), error))
            }
        }
        try await withServer(handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            let dribble = Task {
                while true {
                    try await peer.send([1])
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
            let (received, error) = try await outcome.next()
            #expect(error == .readTimedOut, "after \(received) bytes")
            dribble.cancel()
            _ = await dribble.result
            peer.close()
        }
    }

    @Test("Deadlines nest, and the earlier one holds; one that is over still delivers what is there")
    func nestedDeadlines() async throws {
        let errors = Channel<ConnectionError?>()
        let received = Channel<[UInt8]>()
        let ready = Channel<Void>()
        let handler: TCPServer.Handler = { connection in
            _ = try await connection.gather(1)
            ready.send(())
            while connection.hasReadEverything { try await connection.eventLoop.sleep(for: .milliseconds(1)) }
            let bytes = try await connection.withReadDeadline(after: .zero) { try await connection.gather(3) }
            received.send(bytes)
            await connection.withReadDeadline(after: .milliseconds(20)) {
                await connection.withReadDeadline(after: .seconds(1000)) {
                    errors.send(await connection.errorOfReading())
                }
            }
            await connection.withReadDeadline(after: .seconds(1000)) {
                await connection.withReadDeadline(after: .milliseconds(20)) {
                    errors.send(await connection.errorOfReading())
                }
            }
            // Over.
            received.send(try await connection.gather(1))
        }
        try await withServer(handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([0])
            try await ready.next()
            try await peer.send([1, 2, 3])
            #expect(try await received.next() == [1, 2, 3])
            for _ in 0..<2 { #expect(try await errors.next() == .readTimedOut) }
            try await peer.send([4])
            #expect(try await received.next() == [4])
            peer.close()
        }
    }

    @Test("Bytes that come as the timeout ends are not lost", arguments: FeatureSet.allCases)
    func race(set: FeatureSet) async throws {
        let bytes = randomBytes(3000)
        let gathered = Channel<[UInt8]>()
        let handler: TCPServer.Handler = { connection in
            connection.timeouts.read = .microseconds(500)
            var received: [UInt8] = []
            while true {
                do throws(ConnectionError) {
                    guard let bytes = try await connection.read() else { break }
                    received.append(contentsOf: Array(bytes))
                } catch {
                    guard error == .readTimedOut else { throw error }
                }
            }
            gathered.send(received)
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            for index in stride(from: 0, to: bytes.count, by: 10) {
                try await peer.send(Array(bytes[index..<index + 10]))
                try await Task.sleep(for: .microseconds(Int.random(in: 0..<700)))
            }
            peer.finish()
            #expect(difference(try await gathered.next(), from: bytes) == nil)
            peer.close()
        }
    }

    @Test("A task that is cancelled as its read times out gets the one or the other, once")
    func cancelled() async throws {
        let listener = try PeerListener()
        try await withLoops { group in
            let loop = group.next()
            for round in 0..<60 {
                let reader = Task {
                    try await loop.run {
                        try await loop.connect(to: listener.address) { connection in
                            connection.timeouts.read = .microseconds(round * 10)
                            while true {
                                let error = await connection.errorOfReading()
                                if error != .readTimedOut { return error }
                            }
                        }
                    }
                }
                let peer = try await listener.accept()
                try await Task.sleep(for: .microseconds(Int.random(in: 0..<1500)))
                reader.cancel()
                switch await reader.result {
                case .success(let error): #expect(error == .cancelled)
                // The connect itself, where the loop had not seen yet that it had succeeded.
                case .failure(let error as ConnectError): #expect(error == .cancelled)
                case .failure(let error): #expect(error as? ConnectionError == .cancelled)
                }
                peer.close()
            }
            try await eventually { await loop.statistics().connections == 0 }
            #expect(await loop.statistics().timers == 0)
        }
    }

    @Test("A read timeout begins with the read, though the loop has not looked at the clock for long")
    func oldTime() async throws {
        let gate = Gate()
        let outcome = Channel<(error: ConnectionError?, after: Duration)>()
        let handler: TCPServer.Handler = { connection in
            connection.timeouts.read = .milliseconds(200)
            // Without a timer.
            await gate.wait()
            let start = ContinuousClock.now
            let error = await connection.errorOfReading()
            outcome.send((error, .now - start))
        }
        try await withServer(handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await eventually { await server.group.statistics().connections == 1 }
            try await Task.sleep(for: .milliseconds(400))
            gate.open()
            let (error, duration) = try await outcome.next()
            #expect(error == .readTimedOut && duration >= .milliseconds(200))
            peer.close()
        }
    }

    @Test("A timeout that bytes have overtaken is not told to the next read")
    func overtaken() async throws {
        let (slots, gate) = (Channel<UInt32>(), Gate())
        let (received, errors) = (Channel<[UInt8]>(), Channel<ConnectionError?>())
        let handler: TCPServer.Handler = { connection in
            guard try await connection.read(exactly: 1) != nil else { return }
            slots.send(connection.slot)
            await gate.wait()
            received.send(try await connection.gather(2))
            errors.send(await connection.errorOfReading())
        }
        try await withServer(handler: handler) { server in
            let loop = server.group.next()
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1])
            let slot = try await slots.next()
            try await peer.send([2, 3])
            try await eventually { await loop.run { loop.connections[slot].inbound.byteCount } == 2 }
            await loop.run { _ = loop.connections[slot].flags.insert(.readTimedOut) }
            gate.open()
            #expect(try await received.next() == [2, 3])
            try await peer.send([4])
            #expect(try await errors.next() == nil)
            peer.close()
        }
    }

    // MARK: Writing

    @Test(
        "A peer that takes nothing loses its connection, whatever its handler waits for",
        arguments: FeatureSet.allCases
    )
    func writeTimeout(set: FeatureSet) async throws {
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            connection.timeouts.write = .milliseconds(100)
            try connection.set(.sendBufferSize(256 << 10))
            // One that writes on and on, and one that has written and waits for an answer.
            if try await connection.gather(1) == [1] {
                var error: ConnectionError?
                while error == nil { error = await connection.errorOfWriting(String(repeating: "x", count: 100_000)) }
                errors.send(error)
            } else {
                for _ in 0..<80 { try await connection.write(Buffer.alloc(100_000)) }
                errors.send(await connection.errorOfReading())
            }
        }
        var configuration = EventLoop.Configuration()
        configuration.highWatermark = 16 << 20
        let statistics = try await withServer(set, configuration: configuration, handler: handler) { server in
            for kind in [UInt8(1), 2] {
                let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
                try await peer.send([kind])
                #expect(try await errors.next() == .writeTimedOut)
                #expect(try await peer.receiveUntilBroken().error == .connectionReset)
                peer.close()
            }
        }
        #expect(statistics.writeTimeouts == 2)
        #expect(statistics.timers == 0)
    }

    @Test("A peer that takes something now and then keeps its connection, however slow it is")
    func slowPeer() async throws {
        let slots = Channel<UInt32>()
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            connection.timeouts = .init(write: .seconds(60), idle: .seconds(120))
            slots.send(connection.slot)
            var error: ConnectionError?
            while error == nil { error = await connection.errorOfWriting(String(repeating: "x", count: 100_000)) }
            errors.send(error)
        }
        let statistics = try await withServer(handler: handler) { server in
            let loop = server.group.next()
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            let slot = try await slots.next()
            for _ in 0..<5 {
                // A long time passes, in which the peer takes a little.
                let progress = await loop.run { loop.look(at: slot).progress }
                while await loop.run({ loop.deliveryProgress(of: slot) }) == progress {
                    _ = try await peer.receive(10_000)
                }
                try await loop.run {
                    loop.letTimePass(.seconds(90), on: slot)
                    try await loop.fireTimer(of: slot)
                }
                #expect(await loop.run { loop.connections[slot].hasFailed } == false)
            }
            // And then it takes nothing; only what was under way may arrive.
            while await loop.run({ !loop.connections[slot].hasFailed }) {
                try await loop.run {
                    loop.letTimePass(.seconds(90), on: slot)
                    try await loop.fireTimer(of: slot)
                }
            }
            #expect(try await errors.next() == .writeTimedOut)
            peer.close()
        }
        #expect(statistics.writeTimeouts == 1)
    }

    // MARK: Idling

    @Test("A connection on which nothing moves is reset", arguments: FeatureSet.allCases)
    func idle(set: FeatureSet) async throws {
        var configuration = EventLoop.Configuration()
        configuration.timeouts.idle = .seconds(60)
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            let bytes = try await connection.gather(3)
            try await connection.write(bytes)
            connection.timeouts.idle = .milliseconds(50)
            errors.send(await connection.errorOfReading())
        }
        let statistics = try await withServer(set, configuration: configuration, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1, 2, 3])
            #expect(try await peer.receive(3) == [1, 2, 3])
            #expect(try await errors.next() == .idleTimedOut)
            #expect(try await peer.receiveUntilBroken().error == .connectionReset)
            peer.close()
        }
        #expect(statistics.idleTimeouts == 1)
    }

    @Test("A connection on which something moves one way is not idle", arguments: [true, false], FeatureSet.allCases)
    func busy(peerSends: Bool, set: FeatureSet) async throws {
        let slots = Channel<UInt32>()
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            connection.timeouts.idle = .seconds(60)
            let loop = connection.eventLoop
            for _ in 0..<5 {
                loop.letTimePass(.seconds(90), on: connection.slot)
                // A byte that came before that would not count.
                slots.send(connection.slot)
                if peerSends { _ = try await connection.gather(1) } else { try await connection.write("x") }
                // The byte has moved when the loop has gone round.
                try await loop.sleep(for: .milliseconds(1))
                try await loop.fireTimer(of: connection.slot)
            }
            loop.letTimePass(.seconds(90), on: connection.slot)
            try await loop.fireTimer(of: connection.slot)
            errors.send(await connection.errorOfReading())
        }
        let statistics = try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            for _ in 0..<5 {
                _ = try await slots.next()
                if peerSends { try await peer.send([1]) } else { _ = try await peer.receive(1) }
            }
            #expect(try await errors.next() == .idleTimedOut)
            peer.close()
        }
        #expect(statistics.idleTimeouts == 1)
    }

    @Test("A relay ends for both sides when one of them is idle")
    func idleRelay() async throws {
        var configuration = EventLoop.Configuration()
        configuration.timeouts.idle = .milliseconds(100)
        let errors = Channel<ConnectionError?>()
        try await withRelay(.all, configuration: configuration, errors: errors) { client, upstream in
            let error = try await errors.next()
            #expect(error == .idleTimedOut)
            #expect(try await client.receiveUntilBroken().error == .connectionReset)
            #expect(try await upstream.receiveUntilBroken().error == .connectionReset)
        }
    }

    // MARK: Lack of memory

    @Test("Time in which the loop has no memory to receive counts against no peer")
    func withoutMemory() async throws {
        let slots = Channel<UInt32>()
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            connection.timeouts = .init(read: .seconds(60), idle: .seconds(60))
            slots.send(connection.slot)
            errors.send(await connection.errorOfReading())
        }
        let statistics = try await withServer(handler: handler) { server in
            let loop = server.group.next()
            let peer = try await Peer.connect(to: server.address)
            let slot = try await slots.next()
            try await eventually { await loop.run { loop.connections[slot].flags.contains(.receiving) } }
            for reason in [ConnectionState.Flags.starved, .awaitsMemory] {
                let hasTimedOut = await loop.run {
                    let flags = loop.connections[slot].flags
                    loop.connections[slot].flags.remove(.receiving)
                    loop.connections[slot].flags.insert(reason)
                    loop.lookAtTimer(of: slot, after: .seconds(90))
                    let hasTimedOut = loop.connections[slot].flags.contains(.readTimedOut)
                    loop.connections[slot].flags = flags
                    return hasTimedOut || loop.connections[slot].hasFailed
                }
                try #require(!hasTimedOut)
            }
            await loop.run { loop.lookAtTimer(of: slot, after: .seconds(90)) }
            #expect(try await errors.next() == .idleTimedOut)
            peer.close()
        }
        #expect(statistics.idleTimeouts == 1)
    }

    @Test("A reader begins to wait for its peer when there is memory for its message, unless it was receiving it")
    func messageWithoutMemory() async throws {
        let slots = Channel<UInt32>()
        let handler: TCPServer.Handler = { connection in
            connection.timeouts.read = .seconds(60)
            slots.send(connection.slot)
            _ = try await connection.read(exactly: 1000)
        }
        try await withServer(handler: handler) { server in
            let loop = server.group.next()
            let peer = try await Peer.connect(to: server.address)
            let slot = try await slots.next()
            try await eventually { await loop.run { loop.connections[slot].flags.contains(.receiving) } }
            for isReceiving in [true, false] {
                let waited = await loop.run {
                    loop.letTimePass(.seconds(20), on: slot)
                    let flags = loop.connections[slot].flags
                    // The receive that is in flight is the only one.
                    loop.connections[slot].flags.formUnion([.starved, .awaitsMemory])
                    if !isReceiving { loop.connections[slot].flags.remove(.receiving) }
                    loop.messageQueue.append(slot)
                    loop.admitMessages()
                    loop.connections[slot].flags = flags
                    return loop.now - loop.look(at: slot).waitingSince
                }
                #expect((waited > 15_000_000_000) == isReceiving)
            }
            peer.close()
        }
    }

    // MARK: What is left

    @Test("Sleeps that are cancelled, connects that are made and connections that are closed leave no timer")
    func noTimers() async throws {
        try await withServer { server in
            let loop = server.group.next()
            for _ in 0..<20 {
                let peer = try await Peer.connect(to: server.address)
                try await peer.send([1])
                #expect(try await peer.receive(1) == [1])
                peer.close()
            }
            let sleepers = (0..<20).map { _ in Task { try await loop.run { try await loop.sleep(for: .seconds(1000)) } }
            }
            try await eventually { await loop.statistics().timers >= 20 }
            for sleeper in sleepers { sleeper.cancel() }
            for sleeper in sleepers { _ = await sleeper.result }
            try await eventually { await loop.statistics().connections == 0 }
            #expect(await loop.statistics().timers == 0)
        }
    }
}

extension EventLoop {
    /// What a connection has to do with time.
    fileprivate func look(at slot: UInt32) -> ConnectionDeadlines {
        precondition(connections[slot].deadlines != SlotIndex.none, "the connection is gone")
        return deadlines[connections[slot].deadlines]
    }

    fileprivate func deliveryProgress(of slot: UInt32) -> UInt64 {
        Socket.deliveryProgress(connections[slot].descriptor)
    }

    /// Makes all that happened on a connection happen earlier.
    fileprivate func letTimePass(_ duration: Duration, on slot: UInt32) {
        let index = connections[slot].deadlines
        guard index != SlotIndex.none else { return }
        let nanoseconds = UInt64(0).advanced(by: duration)
        deadlines[index].waitingSince -= min(nanoseconds, deadlines[index].waitingSince)
        deadlines[index].lastActivity -= min(nanoseconds, deadlines[index].lastActivity)
        deadlines[index].stalledSince -= min(nanoseconds, deadlines[index].stalledSince)
    }

    /// Lets time pass, and a connection's timer be due then.
    fileprivate func lookAtTimer(of slot: UInt32, after duration: Duration) {
        setTimer(of: slot, at: ConnectionDeadlines.never)
        letTimePass(duration, on: slot)
        updateTime()
        connectionTimerFired(slot)
    }

    /// Lets a connection's timer be due at once, and waits until it has fired. The connection may have ended meanwhile.
    fileprivate func fireTimer(of slot: UInt32) async throws {
        guard connections[slot].deadlines != SlotIndex.none else { return }
        setTimer(of: slot, at: 0)
        let timer = look(at: slot).timer
        while connections[slot].deadlines != SlotIndex.none, look(at: slot).timer == timer {
            try await sleep(for: .milliseconds(1))
        }
    }
}
