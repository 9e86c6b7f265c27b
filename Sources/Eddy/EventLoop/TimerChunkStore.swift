/// The chunks that no list has. A handle, as ``LoopQueue``. Loop thread only.
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

    /// A chunk with no other behind it.
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

    func giveBack(_ chunk: UnsafeMutablePointer<TimerChunk>) {
        unsafe chunk.pointee.next = firstVacant.pointee
        unsafe firstVacant.pointee = chunk
    }
}
