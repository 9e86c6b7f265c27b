/// The jobs (pieces of tasks between two suspensions) that wait to run on a loop's thread: a growing ring.
///
/// A handle: its state lies behind a pointer, so that a `let` of it can be used without an exclusivity check.
/// Loop thread only.
@safe
struct JobQueue: ~Copyable {
    @safe
    private struct Storage {
        var jobs: UnsafeMutablePointer<UnownedJob>
        /// A power of two.
        var capacity: Int
        var head = 0
        var count = 0
    }

    private let storage: UnsafeMutablePointer<Storage>

    init(capacity: Int = 256) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0)
        unsafe storage = .allocate(capacity: 1)
        unsafe storage.initialize(to: Storage(jobs: .allocate(capacity: capacity), capacity: capacity))
    }

    deinit {
        unsafe storage.pointee.jobs.deallocate()
        unsafe storage.deallocate()
    }

    var isEmpty: Bool { unsafe storage.pointee.count == 0 }
    var count: Int { unsafe storage.pointee.count }

    func append(_ job: UnownedJob) {
        if unsafe storage.pointee.count == storage.pointee.capacity { grow() }
        let index = unsafe (storage.pointee.head + storage.pointee.count) & (storage.pointee.capacity - 1)
        unsafe (storage.pointee.jobs + index).initialize(to: job)
        unsafe storage.pointee.count += 1
    }

    func popFirst() -> UnownedJob? {
        guard unsafe storage.pointee.count > 0 else { return nil }
        let index = unsafe storage.pointee.head
        unsafe storage.pointee.head = (index + 1) & (storage.pointee.capacity - 1)
        unsafe storage.pointee.count -= 1
        return unsafe (storage.pointee.jobs + index).move()
    }

    /// As many jobs as tasks that can run: the queue is bounded by the number of tasks.
    @inline(never)
    private func grow() {
        let old = unsafe storage.pointee
        let jobs = UnsafeMutablePointer<UnownedJob>.allocate(capacity: old.capacity * 2)
        for offset in 0..<old.count {
            let index = (old.head + offset) & (old.capacity - 1)
            unsafe (jobs + offset).initialize(to: (old.jobs + index).move())
        }
        unsafe old.jobs.deallocate()
        unsafe storage.pointee.jobs = jobs
        unsafe storage.pointee.capacity = old.capacity * 2
        unsafe storage.pointee.head = 0
    }
}
