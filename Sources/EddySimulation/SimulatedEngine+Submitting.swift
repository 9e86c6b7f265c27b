internal import CLiburing
internal import EddyRing
internal import EddySystem
internal import Glibc

extension SimulatedEngine {
    /// Starts an operation, and performs as much of it as possible.
    func start(_ entry: SubmissionEntry) {
        let operation = SimulatedOperation(entry, number: UInt64(network.counters.submissions))
        operations.append(operation)
        switch entry.operation {
        case .receive, .accept: startReading(operation)
        case .send, .sendMessage, .sendZeroCopy, .sendMessageZeroCopy: startWriting(operation)
        case .connect: startConnecting(operation)
        case .timeout: startTimeout(operation)
        case .asyncCancel: cancel(operation)
        case .read where entry.offset == .max: positionlessReads.append(operation)
        case .read, .readFixed: readFile(operation)
        default: post(operation, -EINVAL)
        }
    }

    private func startReading(_ operation: SimulatedOperation) {
        guard let socket = attach(operation) else { return post(operation, -EBADF) }
        socket.reading.append(operation)
        network.observe(socket, operation.entry.operation == .accept ? .acceptStarted : .receiveStarted)
        if operation.entry.operation == .receive, !expectsDelay(operation), findsNoBuffer(operation) { return }
        proceedSoon { [self] in proceedReading(socket) }
    }

    private func startWriting(_ operation: SimulatedOperation) {
        guard let socket = attach(operation) else { return post(operation, -EBADF) }
        if operation.endsInline { return sendInline(operation, socket) }
        if operation.isZeroCopy, network.strikes(.zeroCopyRefused) {
            return post(operation, network.random.once(in: 2) ? -EINVAL : -ENOMEM)
        }
        socket.writing.append(operation)
        network.observe(socket, .sendStarted)
        proceedSoon { [self] in proceedWriting(socket) }
    }

    private func startConnecting(_ operation: SimulatedOperation) {
        let entry = operation.entry
        guard let socket = attach(operation),
            let pointer = unsafe UnsafePointer<sockaddr>(bitPattern: UInt(entry.address)),
            let address = unsafe SocketAddress(pointer, length: Int(entry.offset))
        else { return post(operation, -EBADF) }
        socket.writing.append(operation)
        network.observe(socket, .connectStarted)
        network.connect(socket, to: address, mayFail: true)
    }

    /// Makes each change of the operation's socket continue its operations.
    private func attach(_ operation: SimulatedOperation) -> SimulatedSocket? {
        let socket = network.socket(operation.entry.descriptor)
        socket?.onChange = { [weak self, weak socket] in
            guard let self, let socket else { return }
            self.proceedSoon { self.proceedReading(socket) }
            self.proceedSoon { self.proceedWriting(socket) }
        }
        return socket
    }

    /// Runs the action now or, at random, later.
    private func proceedSoon(_ action: @escaping () -> Void) {
        guard network.strikes(.lateCompletion) else { return action() }
        network.delay(for: UInt64(network.random.magnitude(100...20_000_000)), action)
    }

    /// Continues the first waiting receive or accept.
    func proceedReading(_ socket: SimulatedSocket) {
        guard let operation = socket.reading.first(where: { !$0.hasEnded }) else { return }
        if operation.entry.operation == .accept {
            accept(operation, socket)
        } else {
            receive(operation, socket)
        }
    }

    /// Continues the first waiting send or connect.
    func proceedWriting(_ socket: SimulatedSocket) {
        guard let operation = socket.writing.first(where: { !$0.hasEnded }) else { return }
        if operation.entry.operation == .connect {
            if socket.isConnected {
                post(operation, 0)
            } else if let error = socket.takeError() {
                post(operation, error)
            }
        } else {
            send(operation, socket)
        }
    }

    // MARK: Timeouts and files

    private func startTimeout(_ operation: SimulatedOperation) {
        guard let time = unsafe UnsafePointer<__kernel_timespec>(bitPattern: UInt(operation.entry.address)) else {
            return post(operation, -EFAULT)
        }
        let (seconds, nanoseconds) = unsafe (time.pointee.tv_sec, time.pointee.tv_nsec)
        guard seconds >= 0, (0..<1_000_000_000).contains(nanoseconds) else { return post(operation, -EINVAL) }
        let duration = Duration(secondsComponent: seconds, attosecondsComponent: nanoseconds * 1_000_000_000)
        network.schedule(at: network.now.advanced(by: duration)) { [weak self] in
            if !operation.hasEnded { self?.post(operation, -ETIME) }
        }
    }

    /// Reads a real file. Only the length and the delay of the read are simulated.
    private func readFile(_ operation: SimulatedOperation) {
        let entry = operation.entry
        var count = Int(entry.byteCount)
        if count > 0, network.strikes(.shortFileRead) { count = network.random.magnitude(1...count) }
        proceedSoon { [self] in
            guard !operation.hasEnded else { return }
            let address = unsafe UnsafeMutableRawPointer(bitPattern: UInt(entry.address))
            let result = unsafe pread(entry.descriptor, address, count, off_t(truncatingIfNeeded: entry.offset))
            post(operation, result < 0 ? -errno : Int32(result))
        }
    }

    // MARK: Cancelling

    private func cancel(_ operation: SimulatedOperation) {
        let entry = operation.entry
        if entry.callFlags & UInt32(IORING_ASYNC_CANCEL_ANY) != 0 {
            let targets = operations.filter { $0 !== operation && !$0.hasEnded }
            for target in targets { end(target) }
            return post(operation, Int32(targets.count))
        }
        let token = OperationToken(rawValue: entry.address)
        guard let target = operations.first(where: { $0 !== operation && $0.entry.token == token }), !target.hasEnded
        else {
            network.counters[.cancellationTooLate] += 1
            return post(operation, -ENOENT)
        }
        if network.strikes(.cancellationOvertaken), overtakes(target) { return post(operation, -EALREADY) }
        if network.strikes(.cancellationFirst) {
            post(operation, 0)
            // Until then the target may complete on its own.
            target.isBeingCancelled = true
            return network.delay(for: UInt64(network.random.magnitude(0...20_000_000))) { [weak self] in
                if !target.hasEnded { self?.end(target) }
            }
        }
        end(target)
        post(operation, 0)
    }

    /// Whether the operation completes on its own during its cancellation.
    private func overtakes(_ operation: SimulatedOperation) -> Bool {
        guard !operation.isBeingCancelled, let socket = network.socket(operation.entry.descriptor) else { return false }
        operation.isBeingCancelled = true
        proceedReading(socket)
        proceedWriting(socket)
        operation.isBeingCancelled = false
        return operation.hasEnded
    }

    /// Posts the last completion of a cancelled operation. That of a partial send reports the number of bytes sent.
    private func end(_ operation: SimulatedOperation) {
        guard unsafe !operation.pieces.isEmpty else { return post(operation, -ECANCELED) }
        finishSend(operation, operation.progress > 0 ? Int32(operation.progress) : -ECANCELED)
    }
}
