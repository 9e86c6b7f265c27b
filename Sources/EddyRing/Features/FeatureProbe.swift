internal import CLiburing
internal import EddyBuffers
internal import EddySystem
internal import Glibc

/// Tries what an engine promises on a pair of connected sockets: a small ring, a small pool, no network but loopback.
///
/// Each trial checks the outcome that Eddy relies on, byte for byte. A trial that fails means that the feature is not
/// used, whatever the reason; unless it could not be made.
@safe
final class FeatureProbe {
    let ring: Ring
    private let pool = BufferPool(configuration: .init(receiveChunkSize: 4096))
    private let near: Int32
    private let far: Int32
    /// What is sent: more than any default socket buffer takes at once.
    let pattern: UnsafeMutableRawBufferPointer

    /// Whether the trial of a feature found it.
    ///
    /// - Throws: when descriptors or memory are short: this may pass, and says nothing of the feature.
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
        } catch {
            Socket.close(near)
            Socket.close(far)
            throw error
        }
        unsafe pattern = .allocate(byteCount: 1 << 20, alignment: 16)
        unsafe pattern.initializeMemory(as: UInt8.self, repeating: 0x5A)
    }

    deinit {
        Socket.close(near)
        Socket.close(far)
        pool.close()
        unsafe pattern.deallocate()
    }

    /// 100 bytes come, then 50 more: one receive must report both, and go on.
    private func receivesAgainAndAgain() throws(RingError) -> Bool {
        try receiveAfter100(50, limit: 0)?.isLast == false
    }

    /// 100 bytes come twice, 150 are allowed: the second receive must end the operation, and not the first.
    private func honoursReceiveLimits() throws(RingError) -> Bool {
        try receiveAfter100(100, limit: 150)?.isLast == true
    }

    /// A multishot receive of 100 bytes, which must go on, and of so many more.
    ///
    /// - Returns: the second completion; nil when there are not two with those bytes.
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
        try ring.enter(waitFor: 1, deadline: MonotonicClock.now + Self.patience)
        guard let second = ring.nextCompletion() else { return nil }
        receiveRing.slice(for: second)?.dropOnOwnerThread()
        return second.result == byteCount ? second : nil
    }

    /// A slab of the pool is registered as a fixed buffer.
    private func pinsMemory() -> Bool {
        guard let chunk = pool.lendReceiveChunk() else { return false }
        defer { pool.takeBack(chunk) }
        var fixedBuffers = FixedBuffers(ring: ring)
        fixedBuffers.register(slabsOf: pool)
        return fixedBuffers.registeredSlabs > 0
    }

    /// 100 bytes, then 50, then a whole chunk's rest: the slices must follow each other in one chunk.
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

    /// 100 bytes come to one socket and 60 others to the other: the order of the completions must be the order of the
    /// bytes in their chunk, since nothing else says where they lie. Kernels before 6.15 posted the completion of a single
    /// receive behind that of a multishot one that came later (Linux 687b2bae0eff).
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
        try ring.enter(waitFor: 2, deadline: MonotonicClock.now + Self.patience)
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

    /// A small send must post nothing; one that is too large must say how much of it the socket took.
    private func endsSendsInline() throws(RingError) -> Bool {
        guard try send(100) == nil, drainFar() == 100 else { return false }
        guard let completion = try send(unsafe pattern.count), completion.result > 0 else { return false }
        let sent = Int(completion.result)
        guard unsafe sent < pattern.count, drainFar() == sent else { return false }
        // A full socket takes nothing and says so.
        guard let second = try send(unsafe pattern.count), second.result > 0 else { return false }
        let third = try send(1)
        return third?.error == .again && drainFar() == Int(second.result)
    }

    // MARK: Tools

    static let patience: UInt64 = 1_000_000_000

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
        try ring.enter(waitFor: 1, deadline: MonotonicClock.now + Self.patience)
        return ring.nextCompletion()
    }

    /// Writes to the far side what the near side is to receive.
    private func write(_ byteCount: Int) -> Bool {
        unsafe Glibc.write(far, pattern.baseAddress, byteCount) == byteCount
    }

    /// Reads all that waits at the far side; returns its length.
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
