internal import CLiburing
internal import EddyRing
internal import EddySystem
internal import Glibc

extension SimulatedEngine {
    // MARK: Accepting

    func accept(_ operation: SimulatedOperation, _ listener: SimulatedSocket) {
        guard listener.backlog != nil else { return post(operation, -EINVAL) }
        while !operation.hasEnded, let socket = listener.backlog?.first {
            if network.strikes(.acceptOutOfDescriptors) { return post(operation, -EMFILE) }
            if network.strikes(.acceptRefused) {
                let errors = [ENFILE, ENOBUFS, ENOMEM, EPERM, EPROTO]
                return post(operation, -errors[Int(network.random.next() % UInt64(errors.count))])
            }
            if network.strikes(.acceptAborted) {
                listener.backlog?.removeFirst().abort()
                return post(operation, -ECONNABORTED)
            }
            guard let descriptor = network.openDescriptor(for: socket) else {
                network.counters[.acceptOutOfDescriptors] += 1
                return post(operation, -EMFILE)
            }
            listener.backlog?.removeFirst()
            post(operation, descriptor, continues(operation) ? .more : [])
        }
    }

    /// Whether a multishot operation continues after the completion that is about to be posted.
    private func continues(_ operation: SimulatedOperation) -> Bool {
        guard operation.isMultishot, !operation.isBeingCancelled else { return false }
        if isFull || network.strikes(.multishotEndedEarly) { return false }
        return true
    }

    // MARK: Receiving

    func expectsDelay(_ operation: SimulatedOperation) -> Bool {
        operation.entry.operationOptions & UInt16(IORING_RECVSEND_POLL_FIRST) != 0
    }

    /// Ends a receive with ENOBUFS if no buffer is available. Returns whether it did.
    func findsNoBuffer(_ operation: SimulatedOperation) -> Bool {
        if network.now < stormEnd {
            network.counters[.bufferStorm] += 1
        } else if network.strikes(.bufferStorm) {
            stormEnd = network.now.advanced(byNanoseconds: UInt64(network.random.magnitude(1000...200_000)))
        } else if groups.next(of: operation.entry.bufferGroup) == nil {
            network.counters[.buffersExhausted] += 1
        } else {
            return false
        }
        post(operation, -ENOBUFS)
        return true
    }

    /// The number of receives that a multishot receive performs before other operations run.
    private static let receivesATurn = 32

    func receive(_ operation: SimulatedOperation, _ socket: SimulatedSocket) {
        for _ in 0..<Self.receivesATurn where !operation.hasEnded {
            guard socket.isReadable else { return }
            if findsNoBuffer(operation) { return }
            guard socket.available > 0 else { return receiveEnd(operation, socket) }
            receiveOnce(operation, socket)
        }
        if !operation.hasEnded { socket.changed() }
    }

    private func receiveOnce(_ operation: SimulatedOperation, _ socket: SimulatedSocket) {
        let group = operation.entry.bufferGroup
        guard let buffer = groups.next(of: group) else { return }
        var room = operation.entry.room(in: buffer.byteCount)
        if network.strikes(.shortReceive) { room = network.random.magnitude(1...room) }
        let memory = unsafe UnsafeMutableRawBufferPointer(start: buffer.address, count: room)
        let received = unsafe socket.receive(into: memory)
        operation.progress += Int(received)
        let limit = Int(operation.entry.optionLength)
        let reachesLimit = limit > 0 && operation.progress >= limit
        var flags = groups.consume(Int(received), of: group)
        if socket.available > 0 { flags.insert(.socketNotEmpty) }
        if !reachesLimit, continues(operation) { flags.insert(.more) }
        post(operation, received, flags)
    }

    /// Completes a receive at the end of the stream or with an error. The completion may name the buffer that it would
    /// have used. Then a classic buffer is returned, and the engine keeps an incremental one.
    private func receiveEnd(_ operation: SimulatedOperation, _ socket: SimulatedSocket) {
        let result = unsafe socket.receive(into: UnsafeMutableRawBufferPointer(start: nil, count: 0))
        guard result != -EAGAIN else { return }
        guard result == 0, network.random.once(in: 2) else { return post(operation, result) }
        post(operation, result, groups.nameNext(of: operation.entry.bufferGroup))
    }

    // MARK: Sending

    /// Performs a send that completes within the `enter` that takes it.
    func sendInline(_ operation: SimulatedOperation, _ socket: SimulatedSocket) {
        var result = sendSome(operation, socket)
        if operation.progress == operation.byteCount, operation.entry.flags.contains(.skipSuccess) {
            network.observe(socket, .sendEnded(operation.progress))
            return remove(operation)
        }
        if operation.progress > 0 { result = Int32(operation.progress) }
        post(operation, result)
    }

    /// Continues a send until all of it is sent or there is no room.
    func send(_ operation: SimulatedOperation, _ socket: SimulatedSocket) {
        let result = sendSome(operation, socket)
        if operation.progress == operation.byteCount {
            finishSend(operation, Int32(operation.progress))
        } else if result == -EAGAIN || result > 0 {
            // A randomly short send: there is more room.
            if result > 0, socket.room > 0 { socket.changed() }
        } else {
            // Report the bytes that were sent before the connection broke; the next operation gets the error.
            finishSend(operation, operation.progress > 0 ? Int32(operation.progress) : result)
        }
    }

    /// - Returns: the number of bytes sent, or a negated error number if none were.
    private func sendSome(_ operation: SimulatedOperation, _ socket: SimulatedSocket) -> Int32 {
        var sent: Int32 = 0
        while let rest = unsafe operation.rest {
            var part = unsafe rest
            if part.count > 1, network.strikes(.shortSend) {
                unsafe part = UnsafeRawBufferPointer(rebasing: rest[..<network.random.magnitude(1...rest.count - 1)])
            }
            // Leave an error after some bytes to the next call, as the kernel does.
            if sent > 0, socket.hasError { return sent }
            let result = unsafe socket.send(part)
            guard result > 0 else { return sent > 0 ? sent : result }
            sent += result
            operation.progress += Int(result)
            if Int(result) < rest.count { return sent }
        }
        return sent
    }

    /// Completes a send. A zero-copy send releases its memory later.
    func finishSend(_ operation: SimulatedOperation, _ result: Int32) {
        guard operation.isIntact else { return changed(operation) }
        guard operation.isZeroCopy, result > 0 || network.random.once(in: 2) else { return post(operation, result) }
        if result > 0 { operation.letGoOfUnsent() }
        post(operation, result, .more)
        // The send has ended except for its notification, for which the socket need not wait.
        operation.hasEnded = true
        network.socket(operation.entry.descriptor)?.writing.removeAll { $0 === operation }
        network.delay(for: UInt64(network.random.magnitude(0...50_000_000))) { [weak self] in
            self?.notify(operation)
        }
    }

    private func notify(_ operation: SimulatedOperation) {
        guard operation.isIntact else { return changed(operation) }
        let copies = network.strikes(.zeroCopyCopied)
        post(operation, copies ? Int32(bitPattern: 1 << 31) : 0, .notification)
    }

    private func changed(_ operation: SimulatedOperation) {
        network.fail("memory of \(operation.entry.words) was changed before its last completion")
    }
}
