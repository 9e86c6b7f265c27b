/// The free list of chunks. The state is behind a pointer, as in ``LoopQueue``. Loop thread only.
@safe
struct TimerChunkStore: ~Copyable {
    private let firstVacant: UnsafeMutablePointer<UnsafeMutablePointer<TimerChunk>?>

    init() {
        unsafe firstVacant = .allocate(capacity: 1)
        unsafe firstVacant.initialize(to: nil)
    }

    deinit {
        while let chunk = unsafe firstVacant.pointee {
            unsafe firstVacant.pointee = chunk.pointee.next
            unsafe chunk.deallocate()
        }
        unsafe firstVacant.deallocate()
    }

    /// Returns a chunk without a successor.
    func take() -> UnsafeMutablePointer<TimerChunk> {
        if let chunk = unsafe firstVacant.pointee {
            unsafe firstVacant.pointee = chunk.pointee.next
            unsafe chunk.pointee.next = nil
            return unsafe chunk
        }
        let chunk = UnsafeMutablePointer<TimerChunk>.allocate(capacity: 1)
        unsafe chunk.initialize(to: TimerChunk())
        return unsafe chunk
    }

    func recycle(_ chunk: UnsafeMutablePointer<TimerChunk>) {
        unsafe chunk.pointee.next = firstVacant.pointee
        unsafe firstVacant.pointee = chunk
    }
}
