internal import CLiburing
internal import EddyBuffers
internal import EddySystem
internal import Glibc

/// The engine of one ring: the operations in which engines differ.
///
/// Submitting and reading completions are the same for all engines, since both are memory accesses. Each call here is
/// rare or a system call, so the cost of the branch is negligible. The type is not copyable, so accessing the engine
/// performs no reference counting.
enum RingEngine: ~Copyable {
    case kernel(KernelEngine)
    case epoll(EpollEngine)
    case external(any ExternalEngine)

    /// Makes an engine for the calling thread.
    init(
        _ kind: EngineKind,
        features: RingFeatures,
        submissionEntries: UInt32,
        completionEntries: UInt32
    ) throws(RingError) {
        switch kind {
        case .uring:
            let size = RingSize(submissionEntries: submissionEntries)
            self = .kernel(
                try LockedMemory.awaitingRelease(of: size.lockedBytes(bufferRings: 0)) { () throws(RingError) in
                    try KernelEngine(
                        submissionEntries: submissionEntries,
                        completionEntries: completionEntries,
                        features: features
                    )
                }
            )
        case .epoll:
            self = .epoll(
                try EpollEngine(submissionEntries: submissionEntries, completionEntries: completionEntries)
            )
        case .simulated: unreachable("a simulated engine is made by its own module, for a network")
        }
    }

    /// The engine's own network; nil if it uses the system's.
    var network: (any ExternalNetwork)? {
        switch self {
        case .kernel: nil
        case .epoll: nil
        case .external(let engine): engine.externalNetwork
        }
    }

    var kind: EngineKind {
        switch self {
        case .kernel: .uring
        case .epoll: .epoll
        case .external(let engine): engine.kind
        }
    }

    var queues: RingQueues {
        switch self {
        case .kernel(let engine): unsafe RingQueues(of: engine.ring)
        case .epoll(let engine): engine.queues
        case .external(let engine): engine.queues
        }
    }

    /// Whether completions are posted only within `enter`.
    var defersTaskWork: Bool {
        switch self {
        case .kernel(let engine): engine.setup.defersTaskWork
        case .epoll: true
        case .external: true
        }
    }

    /// Whether deadlines are passed to the kernel as absolute times.
    var hasAbsoluteDeadlines: Bool {
        switch self {
        case .kernel(let engine): engine.setup.hasAbsoluteDeadlines
        case .epoll: false
        case .external: true
        }
    }

    /// Submits `pending` entries, then waits for completions until the deadline.
    ///
    /// - Returns: entries submitted, or the negated error number.
    func enter(submit pending: UInt32, waitFor count: UInt32, deadline: Instant?) -> Int32 {
        switch self {
        case .kernel(let engine): engine.enter(submit: pending, waitFor: count, deadline: deadline)
        case .epoll(let engine): engine.enter(waitFor: count, deadline: deadline)
        case .external(let engine): engine.enter(waitFor: count, deadline: deadline)
        }
    }

    // MARK: Registering

    /// Registers a provided-buffer ring of `count` entries (`struct io_uring_buf`) in `memory`, which must not move
    /// until the ring is unregistered. Returns 0 or a negated error number.
    func registerBufferRing(
        _ memory: UnsafeMutableRawPointer,
        count: UInt16,
        group: UInt16,
        incremental: Bool
    ) -> Int32 {
        switch self {
        case .kernel(let engine):
            let flags = incremental ? EDDY_PBUF_RING_INC : 0
            return unsafe eddy_register_buffer_ring(engine.ring, memory, UInt32(count), group, flags)
        case .epoll(let engine):
            return unsafe engine.groups.register(memory, count: count, group: group, incremental: incremental)
        case .external(let engine):
            return unsafe engine.registerBufferRing(memory, count: count, group: group, incremental: incremental)
        }
    }

    func unregisterBufferRing(group: UInt16) {
        switch self {
        case .kernel(let engine): unsafe _ = io_uring_unregister_buf_ring(engine.ring, Int32(group))
        case .epoll(let engine): engine.groups.unregister(group)
        case .external(let engine): engine.unregisterBufferRing(group: group)
        }
    }

    /// Registers an empty table of fixed buffers. Returns 0 or a negated error number.
    func registerFixedBufferTable(count: UInt32) -> Int32 {
        switch self {
        case .kernel(let engine): unsafe io_uring_register_buffers_sparse(engine.ring, count)
        case .epoll: -EOPNOTSUPP
        case .external: -EOPNOTSUPP
        }
    }

    /// Pins memory as fixed buffer `index`. Returns 1 or a negated error number.
    func registerFixedBuffer(_ memory: UnsafeRawBufferPointer, index: UInt32) -> Int32 {
        switch self {
        case .kernel(let engine):
            let base = unsafe UnsafeMutableRawPointer(mutating: memory.baseAddress)
            var vector = unsafe iovec(iov_base: base, iov_len: memory.count)
            return unsafe io_uring_register_buffers_update_tag(engine.ring, index, &vector, nil, 1)
        case .epoll: return -EOPNOTSUPP
        case .external: return -EOPNOTSUPP
        }
    }
}
