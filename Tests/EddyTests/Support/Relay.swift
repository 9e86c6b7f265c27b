import Eddy
import Testing

@testable import Eddy

/// Runs `body` with the two ends of a relay: a client, and the upstream that it was connected to.
///
/// Both peers are closed afterwards if `body` has not done so. `queued` receives the number of bytes that wait for the
/// client once the relay has stopped reading the upstream; `errors` receives how the relay ended.
@discardableResult
func withRelay(
    _ set: FeatureSet,
    configuration: EventLoop.Configuration = .init(),
    clientBuffer: Int32? = nil,
    queued: Channel<Int>? = nil,
    errors: Channel<ConnectionError?>? = nil,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (_ client: Peer, _ upstream: Peer) async throws -> Void
) async throws -> EventLoop.Statistics {
    let listener = try PeerListener()
    let handler: TCPServer.Handler = { client in
        let loop = client.eventLoop
        let clientSlot = client.id
        // However large this machine lets send buffers grow, a deliberately slow client must block the relay.
        if clientBuffer != nil { try client.set(.sendBufferSize(256 << 10)) }
        try await loop.connect(to: listener.address) { upstream in
            let upstreamSlot = upstream.id
            let watcher = queued.map { queued in
                Task(executorPreference: loop) { @concurrent in
                    // Something was received, and receiving has stopped.
                    while loop.driver.connections[clientSlot].sending.queue.isEmpty
                        || loop.driver.connections[upstreamSlot].receiving.isArmed
                        || loop.driver.connections[upstreamSlot].receiving.parking == .forBuffers
                    {
                        try await loop.sleep(for: .milliseconds(1))
                    }
                    queued.send(Int(loop.driver.connections[clientSlot].sending.queue.byteCount))
                }
            }
            defer { watcher?.cancel() }
            do throws(ConnectionError) {
                try await client.relay(to: upstream)
                errors?.send(nil)
            } catch {
                errors?.send(error)
                throw error
            }
        }
    }
    return try await withServer(set, configuration: configuration, handler: handler, sourceLocation: sourceLocation) {
        let client = try await Peer.connect(to: $0.address, receiveBuffer: clientBuffer)
        let upstream = try await listener.accept()
        defer {
            client.close()
            upstream.close()
        }
        try await body(client, upstream)
    }
}
