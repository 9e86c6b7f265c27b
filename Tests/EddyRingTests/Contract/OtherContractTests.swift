import EddyRing
import EddySystem
import Glibc
import Testing

/// Reads, timeouts and invalid operations, tested on every engine.
@Suite("contract: reads, timeouts", .timeLimit(.minutes(5)))
struct OtherContractTests {
    @Test("A pipe is read when it has data, up to its end", arguments: TestedEngine.all)
    func pipes(engine: TestedEngine) throws {
        let world = try World(engine)
        let ring = world.ring
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 8)
        defer { buffer.deallocate() }
        let read = SubmissionEntry.read(
            descriptor: ends[0],
            into: buffer.baseAddress!,
            byteCount: 16,
            token: token(1)
        )
        for round in UInt8(1)...3 {
            try ring.submit(read)
            try ring.enter(waitFor: 0, deadline: nil)
            #expect(ring.nextCompletion() == nil)
            #expect(write(ends[1], [round, round], 2) == 2)
            #expect(try ring.completions(1).map(\.result) == [2])
            #expect(buffer[0] == round && buffer[1] == round)
        }
        Socket.close(ends[1])
        try ring.submit(read)
        #expect(try ring.completions(1).map(\.result) == [0])
        Socket.close(ends[0])
    }

    @Test(
        "A signal of the wake descriptor ends the wait, whether it comes before or after it",
        arguments: TestedEngine.all
    )
    func wakeDescriptor(engine: TestedEngine) throws {
        let world = try World(engine)
        let ring = world.ring
        let wake = try WakeDescriptor()
        wake.signal()
        wake.signal()
        try ring.submit(wake.awaitSignal(token: token(1)))
        #expect(try ring.completions(1).first?.result == 8)
        try ring.submit(wake.awaitSignal(token: token(2)))
        try ring.enter(waitFor: 0, deadline: nil)
        #expect(ring.nextCompletion() == nil)
        wake.signal()
        #expect(try ring.completions(1).first?.token == token(2))
    }

    @Test("Reads a regular file", arguments: TestedEngine.all)
    func files(engine: TestedEngine) throws {
        let world = try World(engine)
        let ring = world.ring
        let file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 8)
        defer {
            buffer.deallocate()
            Socket.close(file)
        }
        try ring.submit(.read(descriptor: file, into: buffer.baseAddress!, byteCount: 4, token: token(1)))
        #expect(try ring.completions(1).map(\.result) == [4])
        #expect(buffer.elementsEqual([0x7F, UInt8(ascii: "E"), UInt8(ascii: "L"), UInt8(ascii: "F")]))
    }

    @Test("Timeouts expire in the order of their times, and not early", arguments: TestedEngine.all)
    func timeouts(engine: TestedEngine) throws {
        let world = try World(engine)
        let ring = world.ring
        let start = ring.now
        let milliseconds: [UInt64] = [900, 300, 0, 600]
        try submitTimeouts(milliseconds.map { (0, Int64($0) * 1_000_000) }, on: ring)
        for index in [2, 1, 3, 0] {
            let completion = try #require(try ring.completions(1).first)
            #expect(completion.token == token(index))
            #expect(completion.error == .timerExpired)
            #expect(completion.isLast)
            #expect(start.duration(to: ring.now) >= .milliseconds(milliseconds[index]))
        }
    }

    @Test("A timeout can be cancelled, and invalid times are rejected", arguments: TestedEngine.all)
    func oddTimeouts(engine: TestedEngine) throws {
        let world = try World(engine)
        let ring = world.ring
        try submitTimeouts([(3600, 0)], on: ring)
        #expect(try ring.cancelAll().map(\.error) == [.cancelled])
        try submitTimeouts([(-1, 0)], on: ring)
        #expect(try ring.completions(1).map(\.error) == [.invalidArgument])
        try submitTimeouts([(.max, 0)], on: ring)
        #expect(try ring.cancelAll().map(\.error) == [.cancelled])
    }

    /// Submits timeouts together, with their positions as tokens. The memory of the times is freed when this returns.
    private func submitTimeouts(_ times: [(seconds: Int64, nanoseconds: Int64)], on ring: Ring) throws {
        try withUnsafeTemporaryAllocation(of: Int64.self, capacity: 2 * times.count) { memory in
            for (index, time) in times.enumerated() {
                memory[2 * index] = time.seconds
                memory[2 * index + 1] = time.nanoseconds
                try ring.submit(.timeout(memory.baseAddress! + 2 * index, token: token(index)))
            }
            try ring.enter(waitFor: 0, deadline: nil)
            memory.update(repeating: -1)
        }
    }

    @Test("Unknown operations are rejected", arguments: TestedEngine.all)
    func unknown(engine: TestedEngine) throws {
        let world = try World(engine)
        let ring = world.ring
        var entry = SubmissionEntry.cancel(token(1), token: token(2))
        withUnsafeMutableBytes(of: &entry) { $0[0] = 0xFE }
        try ring.submit(entry)
        let completion = try #require(try ring.completions(1).first)
        #expect(completion.error == .invalidArgument)
        #expect(completion.isLast)
    }

    @Test("An operation on an invalid descriptor fails without affecting others", arguments: TestedEngine.all)
    func badDescriptors(engine: TestedEngine) throws {
        let world = try World(engine)
        let ring = world.ring
        let byte: [UInt8] = [1]
        try byte.withUnsafeBytes { bytes in
            for descriptor in [Int32(-1), 1 << 20, .max] {
                let address = bytes.baseAddress!
                try ring.submit(.send(descriptor: descriptor, address: address, byteCount: 1, token: token(1)))
                try ring.submit(
                    .connect(descriptor: descriptor, address: address, addressLength: 0, token: token(1))
                )
                try ring.submit(
                    .read(
                        descriptor: descriptor,
                        into: UnsafeMutableRawPointer(mutating: address),
                        byteCount: 1,
                        token: token(1)
                    )
                )
                try ring.submit(.receiveOnce(descriptor: descriptor, group: 0, token: token(1)))
                try ring.submit(
                    .receiveMultishot(
                        descriptor: descriptor,
                        group: 0,
                        limit: 0,
                        expectsDelay: false,
                        token: token(1)
                    )
                )
                #expect(try ring.completions(5).allSatisfy { $0.error == SystemError(EBADF) && $0.isLast })
            }
        }
    }

    // A simulated network has only sockets as descriptors.
    @Test("Sending to a descriptor that is not a socket fails", arguments: TestedEngine.real)
    func notASocket(engine: TestedEngine) throws {
        let world = try World(engine)
        let ring = world.ring
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { Socket.close(null) }
        let byte: [UInt8] = [1]
        try byte.withUnsafeBytes { bytes in
            try ring.submit(.send(descriptor: null, address: bytes.baseAddress!, byteCount: 1, token: token(1)))
            #expect(try ring.completions(1).first?.error == .notASocket)
        }
    }
}
