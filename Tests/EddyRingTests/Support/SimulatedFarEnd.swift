import EddyRing
import EddySimulation
import EddySystem

/// A peer in a simulated network: it continues whenever its socket changes.
final class SimulatedFarEnd: FarEnd {
    private let socket: SimulatedSocket
    private let ring: Ring
    private var unsent: ArraySlice<UInt8> = []
    private var bytesReceived: [UInt8] = []
    /// Bytes that are still to be received.
    private var wanted = 0

    init(_ socket: SimulatedSocket, ring: Ring) {
        self.socket = socket
        self.ring = ring
        socket.onChange = { [weak self] in self?.proceed() }
    }

    private func proceed() {
        while !unsent.isEmpty, case let count = unsent.withUnsafeBytes({ socket.send($0) }), count > 0 {
            unsent = unsent.dropFirst(Int(count))
        }
        while wanted > 0, case let count = receive(), count != -SystemError.again.code {
            wanted = count > 0 ? wanted - Int(count) : 0
        }
    }

    private func receive() -> Int32 {
        var piece = [UInt8](repeating: 0, count: min(wanted, 65536))
        let count = piece.withUnsafeMutableBytes { socket.receive(into: $0) }
        if count > 0 { bytesReceived += piece[..<Int(count)] }
        return count
    }

    func write(_ bytes: [UInt8]) {
        unsent += bytes
        proceed()
    }

    func startReading(_ count: Int) {
        bytesReceived = []
        wanted = count
        proceed()
    }

    func received() throws -> [UInt8] {
        let deadline = ring.now.advanced(by: .seconds(30))
        while wanted > 0, ring.now < deadline {
            try ring.enter(waitFor: .max, deadline: ring.now.advanced(by: .milliseconds(1)))
        }
        return bytesReceived
    }

    func close() { socket.close() }

    func reset() { socket.reset() }
}
