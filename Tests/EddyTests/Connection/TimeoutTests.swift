import EddyBuffers
import EddySystem
import Testing

@testable import Eddy

/// Peers that are silent, slow or gone.
@Suite("connection: timeouts", .serialized, .timeLimit(.minutes(5)))
struct TimeoutTests {
    // MARK: The handler waits for something else

    @Test(
        "A timeout resets the peer at once, even if the handler waits for something else",
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
            // Bytes received before the reset can still be read.
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

    @Test("A read that times out leaves the connection unchanged", arguments: FeatureSet.allCases)
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

    @Test("The loop's timeouts are the defaults of its connections, on either side")
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

    @Test("A deadline ends the read of a peer that dribbles, though each of its bytes comes in time")
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

    @Test("Deadlines nest: the earliest applies, and an expired one still delivers buffered bytes")
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
            // The deadline has expired.
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

    @Test("Bytes that arrive as the timeout expires are not lost", arguments: FeatureSet.allCases)
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

    @Test("A task that is cancelled as its read times out gets exactly one of the two errors")
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
                // Cancelled while connecting: the loop had not yet seen that the connect succeeded.
                case .failure(let error as ConnectError): #expect(error == .cancelled)
                case .failure(let error): #expect(error as? ConnectionError == .cancelled)
                }
                peer.close()
            }
            try await eventually { await loop.statistics().connections == 0 }
            #expect(await loop.statistics().timers == 0)
        }
    }

    @Test("A read timeout starts with the read, even if the loop has not read the clock for long")
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

    @Test("A timeout that lost the race against bytes does not affect the next read")
    func overtaken() async throws {
        let (ids, gate) = (Channel<ConnectionID>(), Gate())
        let (received, errors) = (Channel<[UInt8]>(), Channel<ConnectionError?>())
        let handler: TCPServer.Handler = { connection in
            guard try await connection.read(exactly: 1) != nil else { return }
            ids.send(connection.id)
            await gate.wait()
            received.send(try await connection.gather(2))
            errors.send(await connection.errorOfReading())
        }
        try await withServer(handler: handler) { server in
            let loop = server.group.next()
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1])
            let id = try await ids.next()
            try await peer.send([2, 3])
            try await eventually { await loop.run { loop.driver.connections[id].receiving.queue.byteCount } == 2 }
            await loop.run { loop.driver.connections[id].receiving.timeOut() }
            gate.open()
            #expect(try await received.next() == [2, 3])
            try await peer.send([4])
            #expect(try await errors.next() == nil)
            peer.close()
        }
    }

    // MARK: Writing

    @Test(
        "A peer that takes nothing loses its connection, regardless of what its handler waits for",
        arguments: FeatureSet.allCases
    )
    func writeTimeout(set: FeatureSet) async throws {
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            connection.timeouts.write = .milliseconds(100)
            try connection.set(.sendBufferSize(256 << 10))
            // One peer's handler keeps writing; the other's has written and waits for an answer.
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

    @Test("A slow peer keeps its connection as long as it takes bytes now and then")
    func slowPeer() async throws {
        let ids = Channel<ConnectionID>()
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            connection.timeouts = .init(write: .seconds(60), idle: .seconds(120))
            ids.send(connection.id)
            var error: ConnectionError?
            while error == nil { error = await connection.errorOfWriting(String(repeating: "x", count: 100_000)) }
            errors.send(error)
        }
        let statistics = try await withServer(handler: handler) { server in
            let loop = server.group.next()
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            let id = try await ids.next()
            for _ in 0..<5 {
                // A long time passes, in which the peer takes a few bytes.
                let progress = await loop.run { loop.look(at: id).progress }
                while await loop.run({ loop.deliveryProgress(of: id) }) == progress {
                    _ = try await peer.receive(10_000)
                }
                try await loop.run {
                    loop.letTimePass(.seconds(90), on: id)
                    try await loop.fireTimer(of: id)
                }
                #expect(await loop.run { loop.driver.connections[id].lifecycle.hasFailed } == false)
            }
            // Then it takes nothing; only bytes already in flight may arrive.
            while await loop.run({ !loop.driver.connections[id].lifecycle.hasFailed }) {
                try await loop.run {
                    loop.letTimePass(.seconds(90), on: id)
                    try await loop.fireTimer(of: id)
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

    @Test("A connection with bytes in one direction is not idle", arguments: [true, false], FeatureSet.allCases)
    func busy(peerSends: Bool, set: FeatureSet) async throws {
        let ids = Channel<ConnectionID>()
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            connection.timeouts.idle = .seconds(60)
            let loop = connection.eventLoop
            for _ in 0..<5 {
                loop.letTimePass(.seconds(90), on: connection.id)
                // A byte that came before that would not count.
                ids.send(connection.id)
                if peerSends { _ = try await connection.gather(1) } else { try await connection.write("x") }
                // The byte has moved after one loop iteration.
                try await loop.sleep(for: .milliseconds(1))
                try await loop.fireTimer(of: connection.id)
            }
            loop.letTimePass(.seconds(90), on: connection.id)
            try await loop.fireTimer(of: connection.id)
            errors.send(await connection.errorOfReading())
        }
        let statistics = try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            for _ in 0..<5 {
                _ = try await ids.next()
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
        let ids = Channel<ConnectionID>()
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            connection.timeouts = .init(read: .seconds(60), idle: .seconds(60))
            ids.send(connection.id)
            errors.send(await connection.errorOfReading())
        }
        let statistics = try await withServer(handler: handler) { server in
            let loop = server.group.next()
            let peer = try await Peer.connect(to: server.address)
            let id = try await ids.next()
            try await eventually { await loop.run { loop.driver.connections[id].receiving.isArmed } }
            for isParked in [true, false] {
                let hasTimedOut = await loop.run {
                    let receiving = loop.driver.connections[id].receiving
                    _ = loop.driver.connections[id].receiving.complete()
                    if isParked {
                        loop.driver.connections[id].receiving.park(.forBuffers)
                    } else {
                        loop.driver.connections[id].receiving.isQueuedForMessage = true
                    }
                    loop.lookAtTimer(of: id, after: .seconds(90))
                    let hasTimedOut = loop.driver.connections[id].receiving.interruption == .timedOut
                    loop.driver.connections[id].receiving = receiving
                    return hasTimedOut || loop.driver.connections[id].lifecycle.hasFailed
                }
                try #require(!hasTimedOut)
            }
            await loop.run { loop.lookAtTimer(of: id, after: .seconds(90)) }
            #expect(try await errors.next() == .idleTimedOut)
            peer.close()
        }
        #expect(statistics.idleTimeouts == 1)
    }

    @Test("A reader's timeout starts when there is memory for its message, unless it was already receiving it")
    func messageWithoutMemory() async throws {
        let ids = Channel<ConnectionID>()
        let handler: TCPServer.Handler = { connection in
            connection.timeouts.read = .seconds(60)
            ids.send(connection.id)
            _ = try await connection.read(exactly: 1000)
        }
        try await withServer(handler: handler) { server in
            let loop = server.group.next()
            let peer = try await Peer.connect(to: server.address)
            let id = try await ids.next()
            try await eventually { await loop.run { loop.driver.connections[id].receiving.isArmed } }
            for isReceiving in [true, false] {
                let waited = await loop.run {
                    loop.letTimePass(.seconds(20), on: id)
                    let receiving = loop.driver.connections[id].receiving
                    loop.driver.connections[id].receiving.isQueuedForMessage = true
                    // The receive in flight is the only one.
                    if !isReceiving {
                        _ = loop.driver.connections[id].receiving.complete()
                        loop.driver.connections[id].receiving.park(.forBuffers)
                    }
                    loop.driver.messageQueue.append(id)
                    loop.driver.admitMessages()
                    loop.driver.connections[id].receiving = receiving
                    return loop.look(at: id).waitingSince.duration(to: loop.now)
                }
                #expect((waited > .seconds(15)) == isReceiving)
            }
            peer.close()
        }
    }

    // MARK: Timers left behind

    @Test("Cancelled sleeps, completed connects and closed connections leave no timer")
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
    fileprivate func look(at id: ConnectionID) -> ConnectionDeadlines {
        guard let index = driver.connections[id].deadlines else { preconditionFailure("the connection is gone") }
        return driver.deadlines[index]
    }

    fileprivate func deliveryProgress(of id: ConnectionID) -> UInt64 {
        Socket.deliveryProgress(driver.connections[id].descriptor)
    }

    /// Makes all that happened on a connection happen earlier.
    fileprivate func letTimePass(_ duration: Duration, on id: ConnectionID) {
        guard let index = driver.connections[id].deadlines else { return }
        let nanoseconds = duration.wholeNanoseconds
        for stamp in [\ConnectionDeadlines.waitingSince, \.lastActivity, \.stalledSince] {
            let time = driver.deadlines[index][keyPath: stamp].nanoseconds
            driver.deadlines[index][keyPath: stamp] = Instant(nanoseconds: time - min(nanoseconds, time))
        }
    }

    /// Lets time pass, and a connection's timer be due then.
    fileprivate func lookAtTimer(of id: ConnectionID, after duration: Duration) {
        driver.setTimer(of: id, at: .distantFuture)
        letTimePass(duration, on: id)
        driver.updateTime()
        driver.connectionTimerFired(id)
    }

    /// Lets a connection's timer be due at once, and waits until it has fired. The connection may have ended meanwhile.
    fileprivate func fireTimer(of id: ConnectionID) async throws {
        guard driver.connections[id].deadlines != nil else { return }
        driver.setTimer(of: id, at: .distantPast)
        let timer = look(at: id).timer
        while driver.connections[id].deadlines != nil, look(at: id).timer == timer {
            try await sleep(for: .milliseconds(1))
        }
    }
}
