internal import CLiburing
internal import EddyBuffers
internal import EddySystem
internal import Glibc

/// Probes an engine on a pair of connected sockets: a small ring, a small pool, no network except loopback.
///
/// Each probe checks the behaviour that Eddy relies on, byte for byte. If a probe fails, the feature is not used,
/// regardless of the reason. A probe that could not be performed throws.
@safe
final class FeatureProbe {
    let ring: Ring
    private let pool = BufferPool(configuration: .init(receiveChunkSize: 4096))
    private let near: Int32
    private let far: Int32
    /// The bytes to send: more than any default socket buffer takes at once. Mapped, because a heap that has grown by so
    /// much would keep it for as long as the process lives.
    let pattern: UnsafeMutableRawBufferPointer

    /// Whether the engine has the feature.
    ///
    /// - Throws: if descriptors or memory are short. This may be temporary, and does not mean that the feature is
    ///   missing.
    static func finds(_ feature: RingFeature, on engine: EngineKind) throws(RingError) -> Bool {
        do {
            let probe = try FeatureProbe(engine)
            return switch feature {
            case .deferredTaskWork: probe.ring.defersTaskWork
            case .multishotReceives: try probe.receivesAgainAndAgain()
            case .incrementalBuffers: try probe.fillsBuffersIncrementally() ? probe.completesAsItFills() : false
            case .receiveLimits: try probe.honoursReceiveLimits()
            case .inlineSends: try probe.endsSendsInline()
            case .absoluteDeadlines: probe.ring.hasAbsoluteDeadlines
            case .fixedBuffers: probe.pinsMemory()
            case .zeroCopySends: try probe.sendsWithoutCopying()
            }
        } catch {
            switch error {
            case .tooManyOpenFiles, .lockedMemoryLimit, .addressSpaceLimit, .threadLimit, .system(_, .outOfMemory):
                throw error
            case .unsupported, .forbidden, .missingFeature, .environment, .system: return false
            }
        }
    }

    private init(_ engine: EngineKind) throws(RingError) {
        var pair: (Int32, Int32) = (-1, -1)
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let made = unsafe withUnsafeMutableBytes(of: &pair) { pair in
            unsafe socketpair(AF_UNIX, type, 0, pair.assumingMemoryBound(to: Int32.self).baseAddress)
        }
        guard made == 0 else { throw RingError(call: "socketpair", error: .current) }
        (near, far) = pair
        do {
            ring = try Ring(engine: engine, submissionEntries: 8, completionEntries: 64)
            unsafe pattern = try Self.map(byteCount: 1 << 20)
        } catch {
            Socket.close(near)
            Socket.close(far)
            throw error
        }
        unsafe pattern.initializeMemory(as: UInt8.self, repeating: 0x5A)
    }

    deinit {
        Socket.close(near)
        Socket.close(far)
        pool.close()
        unsafe munmap(pattern.baseAddress, pattern.count)
    }

    private static func map(byteCount: Int) throws(RingError) -> UnsafeMutableRawBufferPointer {
        let mapped = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
            throw RingError(call: "mmap", error: .current)
        }
        return unsafe UnsafeMutableRawBufferPointer(start: mapped, count: byteCount)
    }

    /// Receives 100 bytes, then 50 more: one multishot receive must report both and continue.
    private func receivesAgainAndAgain() throws(RingError) -> Bool {
        try receiveAfter100(50, limit: 0)?.isLast == false
    }

    /// Receives 100 bytes twice with a limit of 150: the second completion must end the operation, and the first must
    /// not.
    private func honoursReceiveLimits() throws(RingError) -> Bool {
        try receiveAfter100(100, limit: 150)?.isLast == true
    }

    /// Performs a multishot receive of 100 bytes, which must continue, and of `byteCount` more.
    ///
    /// - Returns: the second completion; nil unless both arrive with those sizes.
    private func receiveAfter100(_ byteCount: Int, limit: UInt32) throws(RingError) -> CompletionEntry? {
        let receiveRing = try ReceiveRing(ring: ring, pool: pool, incremental: false, target: 4)
        defer { receiveRing.close() }
        let entry = SubmissionEntry.receiveMultishot(
            descriptor: near,
            group: 0,
            limit: limit,
            expectsDelay: false,
            token: OperationToken(kind: 1)
        )
        guard write(100), let first = try perform(entry) else { return nil }
        receiveRing.slice(for: first)?.dropOnOwnerThread()
        guard first.result == 100, !first.isLast, write(byteCount) else { return nil }
        try ring.enter(waitFor: 1, deadline: MonotonicClock.now.advanced(by: Self.patience))
        guard let second = ring.nextCompletion() else { return nil }
        receiveRing.slice(for: second)?.dropOnOwnerThread()
        return second.result == byteCount ? second : nil
    }

    /// Whether a slab of the pool can be registered as a fixed buffer.
    private func pinsMemory() -> Bool {
        guard let chunk = pool.allocateReceiveChunk() else { return false }
        defer { pool.reclaim(chunk) }
        var fixedBuffers = FixedBuffers(ring: ring)
        fixedBuffers.register(slabsOf: pool)
        return fixedBuffers.registeredSlabs > 0
    }

    /// Receives 100 bytes, then 50, then the rest of a chunk: the slices must be adjacent in one chunk.
    private func fillsBuffersIncrementally() throws(RingError) -> Bool {
        let receiveRing = try ReceiveRing(ring: ring, pool: pool, incremental: true, target: 2)
        defer { receiveRing.close() }
        var previous: Slice?
        for (byteCount, continues) in [(100, true), (50, true), (3946, false)] {
            guard write(byteCount) else { return false }
            let entry = SubmissionEntry.receiveOnce(descriptor: near, group: 0, token: OperationToken(kind: 1))
            guard let completion = try perform(entry), let slice = receiveRing.slice(for: completion) else {
                return false
            }
            defer { slice.dropOnOwnerThread() }
            guard slice.count == UInt32(byteCount), completion.flags.contains(.bufferContinues) == continues else {
                return false
            }
            if let previous, unsafe previous.end != slice.start { return false }
            previous = slice
        }
        return true
    }

    /// Receives 100 bytes on one socket and 60 other bytes on the other. The completions must arrive in the order of
    /// the bytes in the chunk, since nothing else reveals their position. Kernels before 6.15 posted the completion of
    /// a single receive after that of a later multishot one (Linux 687b2bae0eff).
    private func completesAsItFills() throws(RingError) -> Bool {
        let others = [UInt8](repeating: 0xA5, count: 60)
        let receiveRing = try ReceiveRing(ring: ring, pool: pool, incremental: true, target: 2)
        defer { receiveRing.close() }
        guard write(100), unsafe Glibc.write(near, others, others.count) == others.count else { return false }
        try ring.submit(.receiveOnce(descriptor: near, group: 0, token: OperationToken(kind: 1)))
        let second = SubmissionEntry.receiveMultishot(
            descriptor: far,
            group: 0,
            limit: 0,
            expectsDelay: false,
            token: OperationToken(kind: 2)
        )
        try ring.submit(second)
        try ring.enter(waitFor: 2, deadline: MonotonicClock.now.advanced(by: Self.patience))
        for _ in 0..<2 {
            guard let completion = ring.nextCompletion(), let slice = receiveRing.slice(for: completion) else {
                return false
            }
            defer { slice.dropOnOwnerThread() }
            let (byteCount, byte): (UInt32, UInt8) = completion.token.kind == 1 ? (100, 0x5A) : (60, 0xA5)
            let bytes = unsafe UnsafeRawBufferPointer(start: slice.start, count: Int(slice.count))
            guard slice.count == byteCount, unsafe bytes.allSatisfy({ $0 == byte }) else { return false }
        }
        return true
    }

    /// A small send must post no completion. One that is too large must report how much the socket took.
    private func endsSendsInline() throws(RingError) -> Bool {
        guard try send(100) == nil, drainFar() == 100 else { return false }
        guard let completion = try send(unsafe pattern.count), completion.result > 0 else { return false }
        let sent = Int(completion.result)
        guard unsafe sent < pattern.count, drainFar() == sent else { return false }
        // A full socket must report EAGAIN.
        guard let second = try send(unsafe pattern.count), second.result > 0 else { return false }
        let third = try send(1)
        return third?.error == .again && drainFar() == Int(second.result)
    }

    // MARK: Helpers

    static let patience = Duration.seconds(1)

    private func send(_ byteCount: Int) throws(RingError) -> CompletionEntry? {
        let entry = unsafe SubmissionEntry.send(
            descriptor: near,
            address: pattern.baseAddress.unsafelyUnwrapped,
            byteCount: byteCount,
            token: OperationToken(kind: 2)
        )
        try ring.submit(entry.endingInline())
        try ring.enter(waitFor: 0, deadline: nil)
        return ring.nextCompletion()
    }

    func perform(_ entry: SubmissionEntry) throws(RingError) -> CompletionEntry? {
        try ring.submit(entry)
        try ring.enter(waitFor: 1, deadline: MonotonicClock.now.advanced(by: Self.patience))
        return ring.nextCompletion()
    }

    /// Writes to the far socket, for the near one to receive.
    private func write(_ byteCount: Int) -> Bool {
        unsafe Glibc.write(far, pattern.baseAddress, byteCount) == byteCount
    }

    /// Reads everything available at the far socket and returns its length.
    private func drainFar() -> Int {
        var total = 0
        unsafe withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { bytes in
            while true {
                let count = unsafe recv(far, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT))
                guard count > 0 else { return }
                total += count
            }
        }
        return total
    }
}
