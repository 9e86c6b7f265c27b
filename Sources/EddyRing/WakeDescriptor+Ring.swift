package import EddySystem

extension WakeDescriptor {
    package convenience init() throws(RingError) {
        let descriptor: Int32
        do throws(SystemError) {
            descriptor = try Self.open()
        } catch {
            throw RingError(call: "eventfd", error: error)
        }
        self.init(owning: descriptor)
    }

    /// A read that completes at the next signal.
    package func awaitSignal(token: OperationToken) -> SubmissionEntry {
        unsafe .read(descriptor: descriptor, into: counter, byteCount: MemoryLayout<UInt64>.size, token: token)
    }
}
