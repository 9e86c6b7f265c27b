import EddyBuffers
import Testing

@testable import EddyRing

/// What an engine promises, on the simulated one, with the faults that stand in the way of each promise.
@Suite("simulated engine")
struct SimulatedEngineTests {
    private let address = SocketAddress.loopback(port: 7000)

    private func token(_ number: UInt32) -> OperationToken { OperationToken(kind: 1, index: number) }

    /// A listener that the ring has, and a connection to it.
    private func connect(_ network: SimulatedNetwork, _ ring: Ring) throws -> (near: Int32, far: SimulatedSocket) {
        let listener = try network.openStream()
        network.bind(listener, to: address)
        network.listen(listener, backlog: 8)
        let far = network.dial(address)
        try ring.submit(.acceptMultishot(descriptor: listener, token: token(1)))
        try ring.enter(waitFor: 1, deadline: nil)
        let completion = try #require(ring.nextCompletion())
        return (completion.result, far)
    }

    @Test("Bytes come in order, through receives of all sizes", arguments: [true, false])
    func order(incremental: Bool) throws {
        let network = SimulatedNetwork(seed: 1)
        network.faults[.shortReceive] = 2
        network.faults[.lateCompletion] = 3
        network.faults[.multishotEndedEarly] = 5
        let ring = Ring(simulating: network, submissionEntries: 8, completionEntries: 16)
        let pool = BufferPool(configuration: .init(receiveChunkSize: 4096))
        defer { pool.close() }
        let receiveRing = try ReceiveRing(ring: ring, pool: pool, incremental: incremental)
        defer { receiveRing.close() }
        let (near, far) = try connect(network, ring)
        let sent = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(sent.withUnsafeBytes { far.send($0) } == 20_000)
        far.shutdownWrite()
        var received: [UInt8] = []
        var isArmed = false
        while true {
            if !isArmed {
                let entry = SubmissionEntry.receiveMultishot(
                    descriptor: near,
                    group: 0,
                    limit: 0,
                    expectsDelay: false,
                    token: token(2)
                )
                try ring.submit(entry)
                isArmed = true
            }
            receiveRing.refill()
            try ring.enter(waitFor: 1, deadline: nil)
            guard let completion = ring.nextCompletion() else { continue }
            #expect(completion.error == nil || completion.error == .noBufferSpace)
            if completion.isLast { isArmed = false }
            if let slice = receiveRing.slice(for: completion) {
                received += UnsafeRawBufferPointer(start: slice.start, count: Int(slice.count))
                slice.dropOnOwnerThread()
            } else if completion.result == 0 {
                break
            }
        }
        #expect(received == sent)
        #expect(network.census[.shortReceive] > 0 && network.census[.lateCompletion] > 0)
    }

    @Test("A send ends when the peer has made room for all of it; one that ends inline says how much it took")
    func sends() throws {
        let network = SimulatedNetwork(seed: 2)
        network.line.sendBuffer = 1000
        network.line.receiveBuffer = 1000
        let ring = Ring(simulating: network, submissionEntries: 8, completionEntries: 16)
        let (near, far) = try connect(network, ring)
        let bytes = [UInt8](repeating: 7, count: 5000)
        try bytes.withUnsafeBytes { bytes in
            let start = try #require(bytes.baseAddress)
            let inline = SubmissionEntry.send(descriptor: near, address: start, byteCount: 5000, token: token(3))
            try ring.submit(inline.endingInline())
            try ring.enter(waitFor: 0, deadline: nil)
            #expect(ring.nextCompletion()?.result == 1000)
            try ring.submit(.send(descriptor: near, address: start, byteCount: 4000, token: token(4)))
            var drained = 0
            var completion: CompletionEntry?
            while completion == nil {
                try ring.enter(waitFor: 1, deadline: network.now + 1_000_000)
                completion = ring.nextCompletion()
                drained += drain(far)
            }
            #expect(completion?.result == 4000 && completion?.isLast == true)
            try ring.enter(waitFor: 1, deadline: network.now + 10_000_000)
            #expect(drained + drain(far) == 5000)
        }
    }

    private func drain(_ socket: SimulatedSocket) -> Int {
        var bytes = [UInt8](repeating: 0, count: 8192)
        return max(0, Int(bytes.withUnsafeMutableBytes { socket.receive(into: $0) }))
    }

    @Test("What is cancelled completes, and so does the cancellation")
    func cancelling() throws {
        let network = SimulatedNetwork(seed: 3)
        let ring = Ring(simulating: network, submissionEntries: 8, completionEntries: 16)
        _ = try connect(network, ring)
        try ring.submit(.cancel(token(1), token: token(6)))
        try ring.submit(.cancel(token(9), token: token(7)))
        try ring.enter(waitFor: 3, deadline: nil)
        var results: [UInt32: Int32] = [:]
        while let completion = ring.nextCompletion() { results[completion.token.index] = completion.result }
        #expect(results[1] == -SystemError.cancelled.code)
        #expect(results[6] == 0 && results[7] == -SystemError.noSuchFile.code)
    }

    @Test("Completions that do not fit are not lost")
    func overflow() throws {
        let network = SimulatedNetwork(seed: 4)
        let ring = Ring(simulating: network, submissionEntries: 4, completionEntries: 8)
        for number in 0..<50 { try ring.submit(.cancel(token(99), token: token(UInt32(number)))) }
        var seen: [UInt32] = []
        while seen.count < 50 {
            try ring.enter(waitFor: 1, deadline: nil)
            while let completion = ring.nextCompletion() { seen.append(completion.token.index) }
        }
        #expect(seen == Array(0..<50))
        #expect(ring.isSettled)
    }

    @Test("Time passes to the deadline, and no further")
    func deadline() throws {
        let network = SimulatedNetwork(seed: 5)
        let ring = Ring(simulating: network)
        let deadline = ring.now + 3_600_000_000_000
        try ring.enter(waitFor: 1, deadline: deadline)
        #expect(ring.now == deadline)
    }

    @Test("Where nobody listens a connect is refused, and one that gets no answer can be cancelled")
    func connects() throws {
        let network = SimulatedNetwork(seed: 6)
        let ring = Ring(simulating: network)
        let descriptor = try network.openStream()
        let target = SystemAddress(address)
        try ring.submit(.connect(descriptor: descriptor, to: target, token: token(1)))
        try ring.enter(waitFor: 1, deadline: nil)
        #expect(ring.nextCompletion()?.error == .connectionRefused)
        network.faults[.connectBlackHoled] = 1
        let other = try network.openStream()
        try ring.submit(.connect(descriptor: other, to: target, token: token(2)))
        try ring.submit(.cancel(token(2), token: token(3)))
        try ring.enter(waitFor: 2, deadline: nil)
        #expect(ring.nextCompletion()?.error == .cancelled)
        network.close(descriptor)
        network.close(other)
        #expect(network.openDescriptors.isEmpty)
    }

    // MARK: What must never be

    @Test("A descriptor that is closed with an operation in flight is seen")
    func closedTooEarly() async {
        await #expect(processExitsWith: .failure) {
            let network = SimulatedNetwork(seed: 7)
            let ring = Ring(simulating: network)
            let (near, _) = try SimulatedEngineTests().connect(network, ring)
            try ring.submit(
                .receiveMultishot(
                    descriptor: near,
                    group: 0,
                    limit: 0,
                    expectsDelay: true,
                    token: OperationToken(kind: 1)
                )
            )
            try ring.enter(waitFor: 0, deadline: nil)
            network.close(near)
        }
    }

    @Test("A descriptor that is closed twice is seen")
    func closedTwice() async {
        await #expect(processExitsWith: .failure) {
            let network = SimulatedNetwork(seed: 8)
            let descriptor = try network.openStream()
            network.close(descriptor)
            network.close(descriptor)
        }
    }

    @Test("Memory that changes while a send has it is seen")
    func changedMemory() async {
        await #expect(processExitsWith: .failure) {
            let network = SimulatedNetwork(seed: 9)
            network.line.sendBuffer = 100
            network.line.receiveBuffer = 100
            let ring = Ring(simulating: network)
            let (near, far) = try SimulatedEngineTests().connect(network, ring)
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1000, alignment: 16)
            memory.initializeMemory(as: UInt8.self, repeating: 1)
            let start = UnsafeRawPointer(try #require(memory.baseAddress))
            try ring.submit(
                .send(descriptor: near, address: start, byteCount: 1000, token: OperationToken(kind: 1))
            )
            try ring.enter(waitFor: 0, deadline: nil)
            memory[999] = 2
            while ring.nextCompletion() == nil {
                try ring.enter(waitFor: 1, deadline: network.now + 1_000_000)
                _ = SimulatedEngineTests().drain(far)
            }
        }
    }
}
