import EddyBuffers
import EddyRing
import EddySystem
import Glibc
import Testing

@testable import EddySimulation

/// Behaviour of the simulated engine beyond the contract of every engine (see the contract tests): injected faults, and
/// detection of violations.
@Suite("simulated engine")
struct SimulatedEngineTests {
    private let address = SocketAddress.loopback(port: 7000)

    /// A listener of the ring, and a connection to it.
    private func connect(_ network: SimulatedNetwork, _ ring: Ring) throws -> (near: Int32, far: SimulatedSocket) {
        let listener = try network.openStream()
        network.bind(listener, to: address)
        network.listen(listener, backlog: 8)
        let far = network.dial(address)
        try ring.submit(.acceptMultishot(descriptor: listener, token: OperationToken(kind: 1, index: 1)))
        try ring.enter(waitFor: 1, deadline: nil)
        let completion = try #require(ring.nextCompletion())
        return (completion.result, far)
    }

    @Test("Bytes arrive in order, through receives of all sizes", arguments: [true, false])
    func order(incremental: Bool) throws {
        let network = SimulatedNetwork(seed: 1)
        defer { network.shutDown() }
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
                    token: OperationToken(kind: 1, index: 2)
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
        #expect(network.counters[.shortReceive] > 0 && network.counters[.lateCompletion] > 0)
    }

    private func drain(_ socket: SimulatedSocket) -> Int {
        var bytes = [UInt8](repeating: 0, count: 8192)
        return max(0, Int(bytes.withUnsafeMutableBytes { socket.receive(into: $0) }))
    }

    // MARK: Violations

    /// The exit code of a test's process when the network has detected the violation.
    private static let violation = ExitTest.Condition.exitCode(3)

    private static func watchedNetwork(seed: UInt64) -> SimulatedNetwork {
        let network = SimulatedNetwork(seed: seed)
        // At once: the leak checker would report memory that callers still hold.
        network.fail = { _ in _exit(3) }
        return network
    }

    @Test("Closing a descriptor with an operation in flight is detected")
    func closedTooEarly() async {
        await #expect(processExitsWith: Self.violation) {
            let network = Self.watchedNetwork(seed: 7)
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

    @Test("Closing a descriptor twice is detected")
    func closedTwice() async {
        await #expect(processExitsWith: Self.violation) {
            let network = Self.watchedNetwork(seed: 8)
            let descriptor = try network.openStream()
            network.close(descriptor)
            network.close(descriptor)
        }
    }

    @Test("Changing memory that a send still uses is detected")
    func changedMemory() async {
        await #expect(processExitsWith: Self.violation) {
            let network = Self.watchedNetwork(seed: 9)
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
                try ring.enter(waitFor: 1, deadline: network.now.advanced(by: .milliseconds(1)))
                _ = SimulatedEngineTests().drain(far)
            }
        }
    }
}
