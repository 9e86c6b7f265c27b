import EddyRing
import EddySimulation
import EddySystem
import Testing

@testable import Eddy

/// The seam in a simulated network, in which operations are short, late, reordered and refused.
@Suite("connection core: simulated transform", .timeLimit(.minutes(5)))
struct SimulatedTransformTests {
    /// What a run has led to.
    private enum Outcome: Equatable {
        case echoed
        case broken(ConnectionError)
        case differs(String)
    }

    @Test(
        "Whatever the network does, a transformed echo is complete, or fails on both sides",
        arguments: [false, true]
    )
    func echo(resets: Bool) throws {
        var broken = 0
        for seed in 0..<200 as Range<UInt64> {
            switch try Self.run(seed: seed, resets: resets) {
            case .echoed: break
            case .broken(let error):
                broken += 1
                #expect(resets, "seed \(seed): \(error)")
            case .differs(let difference): Issue.record("seed \(seed): \(difference)")
            }
        }
        // Otherwise the resets would test nothing.
        #expect((broken > 10) == resets, "\(broken) runs have been broken")
    }

    /// Runs a client and a server, both of them transformed, on a loop in a simulated network.
    private static func run(seed: UInt64, resets: Bool) throws -> Outcome {
        let result = Result()
        let (thread, _) = try SystemThread.start(
            name: "simulated-loop",
            make: { () throws(RingError) in try World(seed: seed, resets: resets, result) },
            run: { $0.run() }
        )
        thread.join()
        #expect(result.left == "", "seed \(seed)")
        return result.outcome
    }

    private final class Result: @unchecked Sendable {
        var outcome = Outcome.differs("nothing has happened")
        /// What the run has left over.
        var left = ""
    }

    /// A network, a loop and a server. Confined to one thread.
    private final class World: @unchecked Sendable {
        private let network: SimulatedNetwork
        private let loop: EventLoop
        private let result: Result
        private let server: TCPServer
        private let sent: [UInt8]
        private let address = SocketAddress.loopback(port: 7000)

        init(seed: UInt64, resets: Bool, _ result: Result) throws(RingError) {
            self.result = result
            network = SimulatedNetwork(seed: seed)
            var random = SeededGenerator(seed: seed ^ 17 << 32)
            var rates = SimulatedFaultRates()
            for fault: SimulatedFault in [
                .shortReceive, .shortSend, .bufferStorm, .lateCompletion, .reorderedCompletion, .multishotEndedEarly,
                .cancellationTooLate, .cancellationFirst, .submissionsLeft, .enterInterrupted,
            ] where random.once(in: 2) {
                rates[fault] = 3 + random.magnitude(0...30)
            }
            if resets { rates[.connectionReset] = 200 }
            network.faults = rates
            let features = RingFeatures(
                RingFeature.allCases.filter {
                    ![.deferredTaskWork, .absoluteDeadlines, .fixedBuffers].contains($0) && !random.once(in: 3)
                }
            )
            loop = try EventLoop(
                configuration: EventLoop.Configuration().quiet,
                features: features,
                ring: Ring(simulating: network)
            )
            sent = randomBytes(random.magnitude(0...100_000), seed: seed)
            guard let descriptor = try? network.openStream() else { throw RingError.withoutPool }
            network.bind(descriptor, to: address)
            network.listen(descriptor, backlog: 8)
            server = TCPServer(descriptor: descriptor, address: address, group: EventLoopGroup(running: loop))
        }

        func run() {
            Task(executorPreference: loop) {
                await withTaskGroup(of: Void.self) { tasks in
                    tasks.addTask {
                        await self.server.run { connection in
                            try await connection.handle.install(MaskingTransform(key: 0x33, longestRecord: 700))
                            while let bytes = try await connection.read() { try await connection.write(bytes) }
                        }
                    }
                    self.result.outcome = await self.exchange()
                    self.server.shutDown(grace: .seconds(100))
                }
                await self.loop.closeConnections()
                self.loop.stop()
            }
            loop.run()
            let statistics = loop.collectStatistics()
            if statistics.pool.slicesOut > 0 { result.left += "\(statistics.pool.slicesOut) slices; " }
            if statistics.connections > 0 { result.left += "\(statistics.connections) connections; " }
            if statistics.timers > 0 { result.left += "\(statistics.timers) timers; " }
            if !network.openDescriptors.isEmpty { result.left += "descriptors \(network.openDescriptors)" }
            network.shutDown()
        }

        @concurrent private func exchange() async -> Outcome {
            do {
                let received = try await loop.connect(to: address) { [sent] connection in
                    try await connection.handle.install(MaskingTransform(key: 0xC4, longestRecord: 300))
                    return try await connection.sendAndGather(sent)
                }
                return difference(received, from: sent).map { .differs($0) } ?? .echoed
            } catch let error as ConnectionError {
                return .broken(error)
            } catch {
                return .differs("\(error)")
            }
        }
    }
}
